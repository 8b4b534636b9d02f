-- The same questions in Directus's terms.
return function(c)
  local random, pick, format = math.random, c.pick, string.format
  local path = "/items/opportunities"
  local ask = {}

  function ask.retrieve() return c.get(path .. "/" .. c.record()) end

  function ask.update()
    return c.send("PATCH", path .. "/" .. c.record(),
      format('{"stage":"%s","amount":%d,"nextStep":"Step %d","tier":"%s","account":"%s"}', pick(c.stages), random(100000), random(1000), pick(c.tiers), c.account()))
  end

  function ask.create()
    return c.send("POST", path,
      format('{"name":"Deal %d","stage":"%s","amount":%d,"closeDate":"2026-05-04T00:00:00.000Z","nextStep":"Call","tier":"%s","score":%d,"forecast":%d,"competitor":"Incumbent","isRenewal":true,"trialEndsAt":"2026-04-01T00:00:00.000Z","account":"%s"}',
        random(1000000), pick(c.stages), random(100000), pick(c.tiers), random(100), random(100000), c.account()))
  end

  function ask.list()
    local low = random(90000)
    return c.get(format("%s?limit=25&meta=filter_count&filter%%5Bstage%%5D%%5B_eq%%5D=%s&filter%%5Bamount%%5D%%5B_gt%%5D=%d&filter%%5Bamount%%5D%%5B_lt%%5D=%d", path, pick(c.stages), low, low + 10000))
  end

  function ask.contains() return c.get(format("/items/contacts?limit=25&meta=filter_count&filter%%5Bemail%%5D%%5B_contains%%5D=%s%d", pick(c.last), 10 + random(89))) end
  return ask
end
