-- Load for wrk: the same request again and again, with a body that never comes twice.
-- Arguments: method, path, body with one @ (where a number goes that never repeats), start of that number, bytes to add at the
-- end of the body as its field `description`, then headers as "name: value".
-- Heads are made once and bodies have one length, so that the client stays far cheaper than what it measures.
local first, last, start
local count = 0

function init(args)
  local method, path, body = args[1], args[2], args[3]
  start = args[4]
  local at = string.find(body, "@", 1, true)
  local before, after = string.sub(body, 1, at - 1), string.sub(body, at + 1)
  local padding = tonumber(args[5])
  if padding > 0 then
    after = after .. "&description=" .. string.rep("x", math.max(0, padding - 13))
  end
  local length = #before + #start + 9 + #after
  local lines = { method .. " " .. path .. " HTTP/1.1", "Host: " .. wrk.host .. ":" .. wrk.port }
  for at_header = 6, #args do
    lines[#lines + 1] = args[at_header]
  end
  lines[#lines + 1] = "Content-Length: " .. length
  first = table.concat(lines, "\r\n") .. "\r\n\r\n" .. before .. start
  last = after
end

function request()
  count = count + 1
  return first .. string.format("%09d", count) .. last
end

-- One line for the bench: microseconds, as wrk counts them.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    'figures {"calls": %d, "durationUs": %d, "notOk": %d, "failed": %d, "p50Us": %d, "p99Us": %d}\n',
    summary.requests, summary.duration, errors.status, failed, latency:percentile(50), latency:percentile(99)))
end
