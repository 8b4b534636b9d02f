-- The same questions in PocketBase's terms.
return function(c)
  local random, pick, format = math.random, c.pick, string.format
  local path = "/api/collections/opportunities/records"
  local ask = {}

  function ask.retrieve() return c.get(path .. "/" .. c.record()) end

  function ask.update() return c.send("PATCH", path .. "/" .. c.record(), c.flat_update()) end

  function ask.create() return c.send("POST", path, c.flat_create(" ")) end

  function ask.list()
    local low = random(90000)
    return c.get(format("%s?perPage=25&filter=(stage%%3D%%27%s%%27%%26%%26amount%%3E%d%%26%%26amount%%3C%d)", path, pick(c.stages), low, low + 10000))
  end

  function ask.contains() return c.get(format("/api/collections/contacts/records?perPage=25&filter=(email~%%27%s%s%%27)", pick(c.last), c.digits())) end
  return ask
end
