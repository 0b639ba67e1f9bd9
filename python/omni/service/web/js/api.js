// The way to the server: JSON in and out under api/v1, errors as ApiError, the session with its CSRF token.

import { t } from "./texts.js";

const UNAUTHORISED = 401;
const session = { csrf: null };

export class ApiError extends Error {
  // status: 0 where there was no answer. problem: application/problem+json {type, title, status, detail, problems?: [{path, message}]}
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }

  get problems() { return this.problem.problems ?? []; }
}

// Both answer {data, etag}; data is null where there is no JSON.
export function get(path) { return call("GET", path); }

// body: a plain value goes as JSON, a Blob as it is. etag: the version that is changed (If-Match).
export function send(method, path, body = undefined, { etag } = {}) {
  const headers = {};
  if (etag) headers["if-match"] = etag;
  if (session.csrf) headers["x-csrf-token"] = session.csrf;
  if (body instanceof Blob) return call(method, path, { headers, body });
  if (body !== undefined) headers["content-type"] = "application/json";
  return call(method, path, { headers, body: JSON.stringify(body) });
}

// {required, scopes, csrf}: whether one must log in here, and what one may do.
export async function readSession() { return keep(await get("session")); }
export async function logIn(token) { return keep(await send("POST", "session", { token })); }
export async function logOut() { return keep(await send("DELETE", "session")); }

export function address(path) { return new URL(`api/v1/${path}`, document.baseURI); }

function keep({ data }) {
  session.csrf = data?.csrf ?? null;
  return data;
}

async function call(method, path, { headers = {}, body } = {}) {
  const answer = await fetch(address(path), { method, headers, body, credentials: "same-origin" })
    .catch(() => { throw new ApiError(0, { detail: t("frame.unreachable") }); });
  const isJson = /\bjson\b/.test(answer.headers.get("content-type") ?? "");
  const data = isJson ? await answer.json() : null;
  if (!answer.ok) {
    if (answer.status === UNAUTHORISED) dispatchEvent(new Event("omni:login"));
    throw new ApiError(answer.status, data ?? { title: `${method} ${path}: HTTP ${answer.status}` });
  }
  return { data, etag: answer.headers.get("etag") };
}
