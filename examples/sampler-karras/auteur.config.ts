import { defineConfig } from "auteur"

export default defineConfig({
  plugins: [["auteur-plugin-karras", { rho: 5 }]],
})
