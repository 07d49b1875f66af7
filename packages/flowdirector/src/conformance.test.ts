import { testEditor } from "@auteur/core/testing"
import { describe, expect, it } from "vitest"
import { flowEdit } from "./flow-edit.ts"

describe.each([1, 3])("FlowEdit with %s draws", (draws) => {
  it.each(testEditor(flowEdit({ draws })))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})
