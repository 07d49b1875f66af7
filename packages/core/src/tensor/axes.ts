/** The axis names of a layout in order, as a tuple: `AxisTuple<"a b">` is `["a", "b"]`; a layout that is only `string` has no known names. */
export type AxisTuple<Axes extends string> = string extends Axes
  ? readonly string[]
  : Axes extends ""
    ? readonly []
    : Axes extends `${infer First} ${infer Rest}`
      ? readonly [First, ...AxisTuple<Rest>]
      : readonly [Axes]

/** The union of the axis names of a layout: `AxisNames<"a b">` is `"a" | "b"`. */
export type AxisNames<Axes extends string> = AxisTuple<Axes>[number]

/** One size for each axis of a layout: `Sizes<"a b">` is `readonly [number, number]`. */
export type Sizes<Axes extends string> = string extends Axes
  ? readonly number[]
  : Axes extends ""
    ? readonly []
    : Axes extends `${string} ${infer Rest}`
      ? readonly [number, ...Sizes<Rest>]
      : readonly [number]

type Repeated<Names extends readonly string[]> = Names extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? (First extends Rest[number] ? First : never) | Repeated<Rest>
  : never

/** `Order` when it names every axis of `Axes` once; otherwise a sentence that says what is wrong, which no argument matches. */
export type Permutation<Axes extends string, Order extends string> = string extends Axes
  ? Order
  : string extends Order
    ? Order
    : [Exclude<AxisNames<Order>, AxisNames<Axes>>] extends [never]
      ? [Exclude<AxisNames<Axes>, AxisNames<Order>>] extends [never]
        ? [Repeated<AxisTuple<Order>>] extends [never]
          ? Order
          : `the axis "${Repeated<AxisTuple<Order>>}" is named twice`
        : `the axis "${Exclude<AxisNames<Axes>, AxisNames<Order>>}" is missing`
      : `there is no axis "${Exclude<AxisNames<Order>, AxisNames<Axes>>}"`

/** `Names` when it has as many axes as `Axes`; otherwise a sentence that says so, which no argument matches. */
export type SameRank<Axes extends string, Names extends string> = string extends Axes
  ? Names
  : string extends Names
    ? Names
    : AxisTuple<Axes>["length"] extends AxisTuple<Names>["length"]
      ? Names
      : `one name for each of "${Axes}" is expected`
