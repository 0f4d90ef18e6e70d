-- Signed requests of several tenants in turn, each connection at a pace: `wrk -s load.lua URL -- FILE MILLISECONDS`.
-- FILE has a block for each tenant: the target, the header lines, an empty line.  Prints one line of JSON.
local requests, pace, turn = {}, 0, 0

function init(arguments)
  pace = tonumber(arguments[2])
  local target, headers
  for line in io.lines(arguments[1]) do
    if not target then
      target, headers = line, {}
    elseif line == "" then
      requests[#requests + 1] = wrk.format("GET", target, headers)
      target = nil
    else
      local name, value = line:match("^([^:]+): (.*)$")
      headers[name] = value
    end
  end
  math.randomseed(os.time())
  turn = math.random(#requests)
end

if tonumber(os.getenv("PACE_MS")) > 0 then
  -- Half to one and a half, so that connections do not march in step.
  function delay()
    return math.floor(pace * (0.5 + math.random()) + 0.5)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local form = '\nRESULT {"requests": %d, "seconds": %f, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n'
  io.write(string.format(form, summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
