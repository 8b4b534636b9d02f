-- Requests for wrk. Arguments: scenario, key, file of opportunity ids, file of account ids.
-- Prints one line of JSON at the end.
local scenario, key, ids, accounts

local function lines(path)
  local out = {}
  for line in io.lines(path) do out[#out + 1] = line end
  return out
end

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(arguments)
  scenario, key = arguments[1], arguments[2]
  ids, accounts = lines(arguments[3]), lines(arguments[4])
  math.randomseed(os.time() + seed * 7919)
  wrk.headers["Authorization"] = "Bearer " .. key
  wrk.headers["Lightfield-Version"] = "2026-03-01"
  wrk.headers["Content-Type"] = "application/json"
end

local stages = { "Lead", "Qualification", "Demo", "Trial", "Proposal", "Won", "Lost" }
local function pick(list) return list[math.random(#list)] end

local make = {
  retrieve = function() return wrk.format("GET", "/v1/opportunities/" .. pick(ids)) end,
  update = function()
    local body = string.format('{"fields":{"$stage":"%s","$amount":%d,"$nextStep":"Step %d","tier":"%s"},"relationships":{"$account":{"replace":"%s"}}}',
      pick(stages), math.random(100000), math.random(1000), pick({ "Gold", "Silver" }), pick(accounts))
    return wrk.format("POST", "/v1/opportunities/" .. pick(ids), nil, body)
  end,
  create = function()
    local body = string.format('{"fields":{"$name":"Deal %d","$stage":"%s","$amount":%d,"$nextStep":"Call","tier":"%s","score":%d},"relationships":{"$account":"%s"}}',
      math.random(1000000), pick(stages), math.random(100000), pick({ "Gold", "Silver" }), math.random(100), pick(accounts))
    return wrk.format("POST", "/v1/opportunities", nil, body)
  end,
  list = function()
    local low = math.random(90000)
    return wrk.format("GET", string.format("/v1/opportunities?%%24stage%%5Bequal%%5D=%s&%%24amount%%5BgreaterThan%%5D=%d&%%24amount%%5BlessThan%%5D=%d", pick(stages), low, low + 10000))
  end,
  accounts = function() return wrk.format("POST", "/v1/accounts", nil, string.format('{"fields":{"$name":"Account %d"}}', math.random(1000000))) end,
  plain = function() return wrk.format("GET", "/") end,
}

function request() return make[scenario]() end

function done(summary, latency)
  io.write(string.format('RESULT {"rate": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d, "requests": %d}\n', summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.requests))
end
