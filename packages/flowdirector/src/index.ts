export { flowEdit, type FlowEditSettings, layer as flowEditLayer } from "./flow-edit.ts"
