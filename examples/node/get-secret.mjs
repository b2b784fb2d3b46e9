// Read one secret from the sidecar: `node get-secret.mjs database-password` (Node 18 or later).

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SECRETS_URL = process.env.SECRETS_URL ?? 'http://localhost:8080'

export class SecretError extends Error {
  constructor(status, detail) {
    super(`${{ 403: 'denied', 404: 'not found' }[status] ?? `HTTP ${status}`}: ${detail}`)
    this.status = status
  }
}

/** A secret's current value. Where the vault is busy, try twice more, when it says so. */
export async function getSecret(name) {
  const url = `${SECRETS_URL}/v1/secrets/${encodeURIComponent(name)}`
  for (let triesLeft = 2; ; triesLeft--) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    const { value, detail } = await response.json()
    if (response.ok) return value
    if (![429, 503].includes(response.status) || triesLeft === 0) throw new SecretError(response.status, detail)
    await pause(1000 * (response.headers.get('retry-after') ?? 1))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await getSecret(process.argv[2])) // only an example prints a secret
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
