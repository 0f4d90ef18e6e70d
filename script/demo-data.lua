-- A mixed data set: every type, several databases, big keys with awkward names, many small keys.
local function fill(command, key, count, values)
    local batch = {}
    for i = 1, count do
        for _, value in ipairs(values(i)) do batch[#batch + 1] = value end
        if #batch >= 4000 or i == count then
            redis.call(command, key, unpack(batch))
            batch = {}
        end
    end
end
local function one(i) return {'element:' .. i} end
local function scored(i) return {i, 'player:' .. i} end
local function pair(i) return {'field:' .. i, 'value ' .. i} end
local function text(key, bytes) redis.call('SETRANGE', key, bytes - 1, '.') end

local function append(key, count)
    for i = 1, count do redis.call('XADD', key, i .. '-0', 'page', '/' .. i) end
end

redis.call('SELECT', 0)
text('video:raw:4711', 8388608)
text('report 2026 Q3 (final).pdf', 3145728)
fill('RPUSH', 'queue:mail', 200000, one)
fill('SADD', 'visitors:2026-11', 150000, one)
fill('ZADD', 'leaderboard:world', 120000, scored)
fill('HSET', 'cart sessions', 100000, pair)
append('events:clicks', 50000)
for i = 1, 150000 do redis.call('SET', 'user:' .. i .. ':name', 'name of user ' .. i) end
for i = 1, 30000 do redis.call('HSET', 'user:' .. i, 'name', 'n' .. i, 'age', i % 90) end

redis.call('SELECT', 1)
fill('RPUSH', 'jobs for late at night', 50000, one)
fill('HSET', 'konfiguration/größe\27[31m', 25000, pair)
for i = 1, 25000 do redis.call('RPUSH', 'inbox:' .. i, 'a', 'b', 'c') end

redis.call('SELECT', 2)
text('画像/東京タワー.jpg', 2097152)
fill('SADD', 'множество:друзья', 40000, one)
for i = 1, 25000 do redis.call('SADD', 'tags:' .. i, i, i + 1) end

redis.call('SELECT', 5)
text('blob:\255\254\\raw', 1048576)
fill('ZADD', 'scores\128\129', 30000, scored)
for i = 1, 25000 do redis.call('ZADD', 'rank ' .. i, i, 'x', i, 'y') end
