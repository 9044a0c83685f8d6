/** @file What was made last, kept as long as it is likely to be asked for again. */

/** Made once for each key, as long as it is one of the latest `most`: three are those of gate, up and down. */
export function recently<Key, Value>(
  make: (key: Key) => Promise<Value>,
  most = 3,
): (key: Key) => Promise<Value> {
  const made = new Map<Key, Promise<Value>>();
  return (key) => {
    const known = made.get(key);
    made.delete(key);
    for (const old of made.keys()) if (made.size >= most) made.delete(old);
    const value = known ?? make(key);
    made.set(key, value);
    return value;
  };
}
