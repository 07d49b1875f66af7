// `Math.exp`, `Math.sin` and their like differ between JavaScript engines, and between versions of one, in the last bit. These use only
// what IEEE 754 gives one result for, so that a seed draws the same noise, and makes the same file, everywhere. Within 1 unit in the last place.

// ln 2 in two parts; the first has 32 bits, so that its multiples are exact.
const ln2 = [0.6931471803691238, 1.9082149292705877e-10] as const

/** The sum of x^i coefficients[i]. */
const polynomial = (x: number, coefficients: ReadonlyArray<number>): number => {
  let sum = 0
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!
  return sum
}

/** 1/start!, 1/(start+step)!, … with the signs of `sign` to the powers 0, 1, …: what a Taylor series is made of. */
const factorials = (start: number, step: number, count: number, sign: number): ReadonlyArray<number> => {
  const inverses: Array<number> = []
  let [factorial, n] = [1, 1]
  for (let i = 0; i < count; i++) {
    for (; n <= start + i * step; n++) factorial *= n
    inverses.push((i % 2 === 0 ? 1 : sign) / factorial)
  }
  return inverses
}

const expSeries = factorials(2, 1, 12, 1)

/** e^x: 2^k e^r with |r| ≤ ln 2 / 2, and the Taylor series of e^r up to r¹³. */
export const exp = (x: number): number => {
  if (!(x > -746)) return Number.isNaN(x) ? x : 0
  if (x > 710) return Infinity
  const k = Math.round(x * Math.LOG2E)
  const [high, low] = [x - k * ln2[0], k * ln2[1]]
  const r = high - low
  const lost = high - r - low
  const value = 1 + (r + (lost + r * r * polynomial(r, expSeries)))
  // In two factors: 2^k alone may be infinite, or too small, where the result is not.
  const half = Math.trunc(k / 2)
  return value * 2 ** half * 2 ** (k - half)
}

const words = new Uint32Array(2)
const double = new Float64Array(words.buffer)
// The order of the words in memory.
double[0] = 1
const top = words[1] === 0 ? 0 : 1

// 2/3, 2/5, … of artanh's series.
const logSeries = Array.from({ length: 11 }, (_, i) => 2 / (2 * i + 3))

/** The natural logarithm: k ln 2 + ln m with √½ ≤ m < √2, and ln m = 2 artanh(s) with s = (m − 1)/(m + 1) by its series. */
export const log = (x: number): number => {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : NaN
  const isSubnormal = x < 2 ** -1022
  double[0] = isSubnormal ? x * 2 ** 54 : x
  // An exponent for which the rest of the number, its mantissa, is nearest to 1.
  const k = (words[top]! - 0x3fe6a09e) >> 20
  words[top]! -= k << 20
  const f = double[0] - 1
  const s = f / (2 + f)
  const exponent = isSubnormal ? k - 54 : k
  // ln(1 + f) = f − (f²/2 − s (f²/2 + R)), where R is the series without its first term: f is exact, unlike s.
  const halfSquare = 0.5 * f * f
  const series = s * s * polynomial(s * s, logSeries)
  return exponent * ln2[0] - (halfSquare - (s * (halfSquare + series) + exponent * ln2[1]) - f)
}

// π/2 in three parts; the first two have 33 bits each, so that their multiples up to 2²⁰ are exact.
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const
const inverseHalfPi = 0.6366197723675814
const largeAngle = 2 ** 20
const largestAngle = 2 ** 53
// π/2 · 2¹⁶⁰.
const wideHalfPi = 0x1921fb54442d18469898cc51701b839a252049c11n

const sineSeries = factorials(3, 2, 8, -1).map((term) => -term)
const cosineSeries = factorials(4, 2, 8, -1)

/** x = n π/2 + r + lost with |r| ≤ π/4: the quadrant n, 0 … 3, and the rest. */
const reduce = (x: number): readonly [quadrant: number, r: number, lost: number] => {
  if (!(Math.abs(x) <= largeAngle)) return reduceLarge(x)
  const n = Math.round(x * inverseHalfPi)
  const near = x - n * halfPi[0]
  const rest = n * halfPi[1]
  const nearer = near - rest
  const tail = near - nearer - rest - n * halfPi[2]
  const r = nearer + tail
  return [n & 3, r, nearer - r + tail]
}

/** The same for |x| above 2²⁰, which has no bits below 2⁻³². */
const reduceLarge = (x: number): readonly [quadrant: number, r: number, lost: number] => {
  if (!(Math.abs(x) <= largestAngle)) {
    throw new RangeError(`An angle must be a number of at most 2^53 in size; found ${x}.`)
  }
  const wide = BigInt(x * 2 ** 32) << 128n
  const half = wideHalfPi / 2n
  const n = (wide + (x < 0 ? -half : half)) / wideHalfPi
  const rest = wide - n * wideHalfPi
  const r = Number(rest)
  return [Number(BigInt.asUintN(2, n)), r * 2 ** -160, Number(rest - BigInt(r)) * 2 ** -160]
}

/** r − r³/3! + … up to r¹⁹. */
const sineNear0 = (r: number, lost: number): number => {
  const square = r * r
  return r + (lost - 0.5 * square * lost + r * square * polynomial(square, sineSeries))
}

/** 1 − r²/2! + … up to r²⁰. */
const cosineNear0 = (r: number, lost: number): number => {
  const square = r * r
  const half = 0.5 * square
  const first = 1 - half
  return first + (1 - first - half + (square * square * polynomial(square, cosineSeries) - r * lost))
}

/** The sine of an angle in radians; a `RangeError` above 2⁵³ in size. */
export const sin = (x: number): number => {
  const [quadrant, r, lost] = reduce(x)
  const value = quadrant % 2 === 0 ? sineNear0(r, lost) : cosineNear0(r, lost)
  return quadrant < 2 ? value : -value
}

/** The cosine of an angle in radians; a `RangeError` above 2⁵³ in size. */
export const cos = (x: number): number => {
  const [quadrant, r, lost] = reduce(x)
  const value = quadrant % 2 === 0 ? cosineNear0(r, lost) : sineNear0(r, lost)
  return quadrant === 1 || quadrant === 2 ? -value : value
}

/** Rounds to the nearest whole number, and halves to the even one, as NumPy and Python do. */
export const roundHalfEven = (x: number): number => {
  const below = Math.floor(x)
  const rest = x - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}
