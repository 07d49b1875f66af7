/** x / (1 + |x|): bounded and smooth, and the same in all engines. */
export const softSign = (x: number): number => x / (1 + Math.abs(x))
