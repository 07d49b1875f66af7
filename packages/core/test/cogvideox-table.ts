/** CogVideoX's ᾱ for the timesteps 0…999: scaled-linear β, the SNR divided by `shift`, zero terminal SNR (diffusers' CogVideoX schedulers). */
export const cogvideoxTable = (shift: number): Float64Array => {
  const [first, last] = [Math.sqrt(0.00085), Math.sqrt(0.012)]
  let product = 1
  const shifted = Float64Array.from({ length: 1000 }, (_, t) => {
    product *= 1 - (first + ((last - first) * t) / 999) ** 2
    return product / (shift + (1 - shift) * product)
  })
  const [top, end] = [Math.sqrt(shifted[0]!), Math.sqrt(shifted[999]!)]
  return shifted.map((alphaCumprod) => (((Math.sqrt(alphaCumprod) - end) * top) / (top - end)) ** 2)
}
