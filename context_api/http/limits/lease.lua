-- Takes tokens out of several buckets at once. KEYS: the buckets. ARGV, three each: tokens per second, burst, wanted.
-- Gives, three each: granted, thousandths of a token left, milliseconds until there is one (-1: never).
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local answer = {}
for i, key in ipairs(KEYS) do
    local rate, burst, wanted = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local held = redis.call('HMGET', key, 't', 'a')
    local tokens = tonumber(held[1]) or burst
    local at = tonumber(held[2]) or now
    tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000000)
    local granted = math.max(0, math.min(wanted, math.floor(tokens)))
    tokens = tokens - granted
    redis.call('HSET', key, 't', string.format('%.6f', tokens), 'a', string.format('%.0f', math.max(now, at)))
    local wait = 0
    if tokens < 1 then
        wait = rate > 0 and math.ceil((1 - tokens) / rate * 1000) or -1
    end
    redis.call('PEXPIRE', key, rate > 0 and math.ceil(burst / rate * 1000) + 1000 or 86400000)
    answer[#answer + 1] = granted
    answer[#answer + 1] = math.floor(tokens * 1000)
    answer[#answer + 1] = wait
end
return answer
