export * from "./bundled.ts"
export * from "./model-folder.ts"
