import { HubError } from "./hub-error.ts"
import { nearNames } from "./near-names.ts"
import type { Repository } from "./repository.ts"

/** Says why a server does not give out a part of a repository, and what to do. */
export const explainRefusal =
  (endpoint: string, { id, revision }: Repository, hasToken: boolean, known: Iterable<string>) =>
  (status: number, code: string | null, what: string): HubError => {
    const page = `${endpoint}/${id}`
    const near = nearNames(id, known).filter((name) => name !== id)
    const spelling = near.length === 0 ? "check its spelling" : `near are ${near.join(", ")}`
    if (status === 404) {
      const message =
        code === "RevisionNotFound"
          ? `${id} has no revision "${revision}" at ${endpoint}: see ${page}/commits for those it has.`
          : code === "EntryNotFound"
            ? `${endpoint} lists ${what} but does not have it: try again, or tell the owner of ${page}.`
            : `There is no model ${id} at ${endpoint} (${spelling}), or this account may not see it.`
      return new HubError({ reason: "not-found", message })
    }
    const mend = hasToken
      ? `accept its licence at ${page} with the account that the token in HF_TOKEN belongs to`
      : `set HF_TOKEN to a token of an account that has accepted its licence at ${page}`
    // The server says 401, not 404, to strangers who ask for what does not exist.
    const message =
      status === 401 && code !== "GatedRepo"
        ? `${endpoint} does not give out ${what} (status 401): either there is no such model (${spelling}), or it is a closed one; then ${mend}.`
        : `${endpoint} does not give out ${what} (status ${status}): ${mend}.`
    return new HubError({ reason: "unauthorized", message })
  }
