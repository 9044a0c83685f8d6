/** @file `counterRandom` of @octavo/formats, four positions at a time: 24 random bits from a seed and an index. */

// @ts-ignore: decorator
@inline
export function mix4(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x21f0aaad));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/** The 24 bits as integers below 2^24, of positions `index` … `index + 3`. */
// @ts-ignore: decorator
@inline
export function random4(seed: u32, index: u32): v128 {
  const at = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  const first = mix4(v128.xor(at, i32x4.splat(0x9e3779b9)));
  return i32x4.shr_u(mix4(v128.xor(first, i32x4.splat(seed))), 8);
}

function mix(x: u32): u32 {
  x = (x ^ (x >> 16)) * 0x21f0aaad;
  x = (x ^ (x >> 15)) * 0x735a2d97;
  return x ^ (x >> 15);
}

/** `streamSeed` of @octavo/formats. */
export function streamSeed(high: u32, low: u32, stream: u32): u32 {
  return mix(mix(mix(low) ^ high) ^ stream);
}
