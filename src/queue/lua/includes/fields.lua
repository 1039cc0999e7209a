-- Reads named hash fields as numbers; an absent field is 0. Whole numbers stay exact below 2^53.
local function numbers(key, names)
  local values = redis.call('HMGET', key, unpack(names))
  local read = {}
  for index, name in ipairs(names) do
    read[name] = tonumber(values[index] or 0)
  end
  return read
end

-- Lua prints large doubles in exponent form; times and sequences must survive as digits.
local function digits(number)
  return string.format('%.0f', number)
end
