-- One day of a shop, as far as its keys live on this node of the cluster: ARGV[1] is the day, from 1.  A node refuses
-- the keys of others, so that all of them run the same.
local day = tonumber(ARGV[1])
local function put(...) redis.pcall(...) end
local function text(bytes) return string.rep('<li>', math.floor(bytes / 4)) end

local first, last = (day - 1) * 600 + 1, day * 600
for i = first, last do
    put('HSET', 'user:' .. i .. ':profile', 'name', 'name of ' .. i, 'mail', i .. '@example.org', 'since', day)
    put('SET', 'user:' .. i .. ':avatar', text(300 + i % 700))
    put('RPUSH', 'feed:' .. i, 'hello', 'welcome to the shop', 'order ' .. i)
end
-- Pages that somebody forgot to give a TTL: more of them every day.
for i = 1, 150 + 220 * day do
    put('SET', 'cache:page:' .. day .. ':' .. i, text(1200 + (i * 37) % 4000))
end
for i = 1, 900 do
    put('SET', 'session:web:' .. day * 10000 + i, text(160 + i % 90), 'EX', 86400 * 20 + i * 60)
    put('SET', 'session:app:' .. day * 10000 + i, text(120), 'EX', 86400 * 30 + i)
end
for i = 1, 250 do
    put('HSET', 'cart:' .. day * 1000 + i, 'item:1', i, 'item:2', i + 1, 'total', i * 3)
    put('EXPIRE', 'cart:' .. day * 1000 + i, 86400 * 25 + i * 500)
end
for i = 1, 1500 do
    put('ZADD', 'rank:bestsellers', day * i, 'product:' .. (i + day * 200))
    put('RPUSH', 'queue:mail', '{"to":"' .. i .. '@example.org","template":"offer"}')
    put('SADD', 'visitors:2026-11-' .. string.format('%02d', day), 'visitor:' .. i * day)
end
for i = 1, 800 do put('XADD', 'events:orders', day * 1000 + i .. '-0', 'order', i, 'amount', i * day) end
put('SETRANGE', 'report:2026-11-' .. string.format('%02d', day) .. '.pdf', 180000 * day, '.')
-- Of yesterday's some go: a queue that is worked off at the end of the week, a report that is old.
if day == 6 then put('DEL', 'queue:mail') end
if day > 3 then put('DEL', 'report:2026-11-' .. string.format('%02d', day - 3) .. '.pdf') end
put('SET', 'lock:invoice', 'worker-3', 'EX', 86400 * 9)
put('SET', 'flag:{checkout}:new', 'on')
