-- Sends the requests that a pipe hands over, one a line: `method TAB path TAB idempotency key or - TAB body`, and writes the ids it is answered.
-- When the pipe ends it asks for /healthz until it is stopped: the last answers are still on their way.
-- Arguments: head of a request (lines joined by |), the pipe, the file for ids.
local head, input, ids
local created, refused = 0, 0
local checked = false  -- wrk asks for one request that it only parses

function init(arguments)
  head = " HTTP/1.1\r\nHost: 127.0.0.1\r\n" .. arguments[1]:gsub("|", "\r\n") .. "\r\n"
  input, ids = io.open(arguments[2]), io.open(arguments[3], "w")
end

function request()
  local line = checked and input and input:read("*l")
  if not line then
    if checked then input = nil end
    checked = true
    return "GET /healthz" .. head .. "\r\n"
  end
  local method, path, key, body = line:match("^(%u+)\t(%S+)\t(%S+)\t(.*)$")
  local extra = key == "-" and "" or "Idempotency-Key: " .. key .. "\r\n"
  return method .. " " .. path .. head .. extra .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  local id = status < 300 and body:match('"id":"(%l+_%w+)"')
  if id then
    ids:write(id, "\n")
    created = created + 1
  elseif status >= 300 then
    refused = refused + 1
    if refused <= 3 then io.write("REFUSED ", status, " ", body, "\n") end
  end
  if id and created % 1000 == 0 or status >= 300 or not input then
    ids:flush()
    io.write("ANSWERED ", created, " ", refused, "\n")
    io.flush()
  end
end
