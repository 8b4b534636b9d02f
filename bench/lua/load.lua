-- The closed-loop load of wrk: each connection sends its next request when it has its answer.
-- Arguments: name=value pairs; `requests` names the file with a system's requests, `scenario` one of them. Prints one line of JSON.
local settings = {}

function init(arguments)
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^(%w+)=(.*)$")
    settings[name] = value
  end
  math.randomseed(tonumber(settings.seed))
  -- Ids of one kind are of one length: a million of them stay one text, read at once, and one is cut out where it is needed.
  local function ids(path, place)
    if not path then return nil end
    local text = io.open(path):read("*a")
    local width = text:find("\n", 1, true)
    local count = math.floor(#text / width)
    return function()
      local from = place(count) * width
      return text:sub(from + 1, from + width - 1)
    end
  end
  local function anywhere(count) return math.random(0, count - 1) end
  local next_place = tonumber(settings.first or "0")
  local function in_order(count)
    next_place = next_place + 1
    return (next_place - 1) % count
  end
  local context = {
    settings = settings,
    record = ids(settings.records, settings.scenario == "each" and in_order or anywhere),
    account = ids(settings.accounts, anywhere),
    pick = function(list) return list[math.random(#list)] end,
    stages = { "Lead", "Qualification", "Demo", "Trial", "Proposal", "Won", "Lost" },
    tiers = { "Gold", "Silver", "Bronze" },
    last = { "okafor", "lindqvist", "marchetti", "nakamura", "herrera", "novak", "haddad", "keller", "osei", "duarte" },
  }
  -- The beginning of a number, with which a search stays as narrow in a larger data set.
  local digits = tonumber(settings.digits or "0")
  context.digits = function() return digits == 0 and "" or tostring(math.random(10 ^ (digits - 1), 10 ^ digits - 1)) end
  -- A request is joined from ready pieces: wrk.format would walk the headers each time.
  local head = " HTTP/1.1\r\nHost: 127.0.0.1\r\n" .. (settings.headers or ""):gsub("|", "\r\n")
  if settings.headers and settings.headers ~= "" then head = head .. "\r\n" end
  local head_end = head .. "\r\n"
  context.get = function(path) return "GET " .. path .. head_end end
  context.send = function(method, path, body) return method .. " " .. path .. head .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body end
  -- What the flat systems (PocketBase, Directus) are sent; `between` stands between the date and the time.
  context.flat_update = function()
    return string.format('{"stage":"%s","amount":%d,"nextStep":"Step %d","tier":"%s","account":"%s"}', context.pick(context.stages), math.random(100000), math.random(1000),
      context.pick(context.tiers), context.account())
  end
  context.flat_create = function(between)
    return string.format('{"name":"Deal %d","stage":"%s","amount":%d,"closeDate":"2026-05-04%s00:00:00.000Z","nextStep":"Call","tier":"%s","score":%d,"forecast":%d,"competitor":"Incumbent","isRenewal":true,"trialEndsAt":"2026-04-01%s00:00:00.000Z","account":"%s"}',
      math.random(1000000), context.pick(context.stages), math.random(100000), between, context.pick(context.tiers), math.random(100), math.random(100000), between, context.account())
  end
  request = dofile(settings.requests)(context)[settings.scenario]
  if not request then error("no scenario " .. settings.scenario) end
end

function done(summary, latency)
  local points = {}
  for _, percent in ipairs({ 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99 }) do
    points[#points + 1] = string.format('[%g, %.3f]', percent, latency:percentile(percent) / 1000)
  end
  local errors = summary.errors
  io.write(string.format('RESULT {"rate": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f, "errors": %d, "requests": %d, "percentiles": [%s]}\n', summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, errors.status + errors.connect + errors.read + errors.write + errors.timeout, summary.requests,
    table.concat(points, ", ")))
end
