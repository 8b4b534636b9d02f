-- The same questions in Directus's terms.
return function(c)
  local random, pick, format = math.random, c.pick, string.format
  local path = "/items/opportunities"
  local ask = {}

  function ask.retrieve() return c.get(path .. "/" .. c.record()) end

  function ask.update() return c.send("PATCH", path .. "/" .. c.record(), c.flat_update()) end

  function ask.create() return c.send("POST", path, c.flat_create("T")) end

  function ask.list()
    local low = random(90000)
    return c.get(format("%s?limit=25&meta=filter_count&filter%%5Bstage%%5D%%5B_eq%%5D=%s&filter%%5Bamount%%5D%%5B_gt%%5D=%d&filter%%5Bamount%%5D%%5B_lt%%5D=%d", path, pick(c.stages), low, low + 10000))
  end

  function ask.contains() return c.get(format("/items/contacts?limit=25&meta=filter_count&filter%%5Bemail%%5D%%5B_contains%%5D=%s%s", pick(c.last), c.digits())) end
  return ask
end
