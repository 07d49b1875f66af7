export * from "./load-model.ts"
export * from "./read-picture.ts"
export * from "./render.ts"
