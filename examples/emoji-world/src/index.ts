export {
  caption,
  drawFactors,
  type Factors,
  type Motion,
  motions,
  type Scene,
  scenes,
  type Subject,
  subjects,
} from "./factors.ts"
export { PythonRandom } from "./python-random.ts"
export { type Clip, poseAt, renderClip } from "./render.ts"
