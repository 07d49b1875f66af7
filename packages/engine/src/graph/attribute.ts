/** A setting of an operator that is fixed when the graph is built. */
export type Attribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ints"; readonly value: ReadonlyArray<number> }

export const int = (value: number): Attribute => ({ type: "int", value })
export const float = (value: number): Attribute => ({ type: "float", value })
export const string = (value: string): Attribute => ({ type: "string", value })
export const ints = (value: ReadonlyArray<number>): Attribute => ({ type: "ints", value })
