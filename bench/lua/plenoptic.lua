-- What is asked of Plenoptic.
return function(c)
  local random, pick, format = math.random, c.pick, string.format
  local total = tonumber(c.settings.total or "0")
  local ask = {}

  function ask.retrieve() return c.get("/v1/opportunities/" .. c.record()) end

  ask.each = ask.retrieve  -- one after the other, from the setting `first` on

  function ask.update()
    return c.send("POST", "/v1/opportunities/" .. c.record(),
      format('{"fields":{"$stage":"%s","$amount":%d,"$nextStep":"Step %d","tier":"%s"},"relationships":{"$account":{"replace":"%s"}}}', pick(c.stages), random(100000), random(1000), pick(c.tiers),
        c.account()))
  end

  function ask.create()
    return c.send("POST", "/v1/opportunities",
      format('{"fields":{"$name":"Deal %d","$stage":"%s","$amount":%d,"$closeDate":"2026-05-04T00:00:00.000Z","$nextStep":"Call","tier":"%s","score":%d,"forecast":%d,"competitor":"Incumbent","isRenewal":true,"trialEndsAt":"2026-04-01T00:00:00.000Z"},"relationships":{"$account":"%s"}}',
        random(1000000), pick(c.stages), random(100000), pick(c.tiers), random(100), random(100000), c.account()))
  end

  function ask.list()
    local low = random(90000)
    return c.get(format("/v1/opportunities?limit=25&%%24stage%%5Bequal%%5D=%s&%%24amount%%5BgreaterThan%%5D=%d&%%24amount%%5BlessThan%%5D=%d", pick(c.stages), low, low + 10000))
  end

  function ask.contains() return c.get(format("/v1/contacts?limit=25&%%24email%%5Bcontains%%5D=%s%s", pick(c.last), c.digits())) end

  local adjectives = { "Amber", "Northern", "Silent", "Golden", "Rapid", "Urban", "Coastal", "Lunar", "Prime", "Verdant" }
  local nouns = { "Harbour", "Logistics", "Foundry", "Robotics", "Textiles", "Analytics", "Orchards", "Shipping", "Optics", "Energy" }
  function ask.starts() return c.get(format("/v1/opportunities?limit=25&%%24name%%5BstartsWith%%5D=%s%%20%s%%20%s", pick(adjectives), pick(nouns), c.digits())) end

  function ask.relationship() return c.get("/v1/opportunities?limit=25&%24account%5Bcontains%5D=" .. c.account()) end

  function ask.first_page() return c.get("/v1/opportunities?limit=25&offset=" .. random(0, 50)) end

  function ask.far_page() return c.get("/v1/opportunities?limit=25&offset=" .. (math.floor(total * 0.9) + random(0, 50))) end

  function ask.mixed()
    local dice = random(100)
    if dice <= 80 then return ask.retrieve() end
    if dice <= 95 then return ask.list() end
    return ask.update()
  end
  return ask
end
