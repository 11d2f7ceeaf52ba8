// The page's requests to the server. URLs are relative: the server may be mounted below any path.
import {apiKey} from '../../web/kept.js';
import {t} from '../../web/language.js';

export class ServerError extends Error {}

async function request(path, body, signal) {
  const options = body === undefined ? {} : {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
  };
  const key = apiKey();
  if (key) options.headers = {...options.headers, Authorization: `Bearer ${key}`};
  const response = await fetch(path, {...options, signal}).catch((error) => {
    throw signal?.aborted ? error : new ServerError(t('unreachable'));
  });
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  throw Object.assign(new ServerError(told?.error?.message ?? `${response.status} ${response.statusText}`),
    {status: response.status});
}

const asked = async (path, body, signal) => (await request(path, body, signal)).json();

export const models = async () => (await asked('v1/models')).data;
export const proof = (body) => asked('v1/proofs', body);
export const task = (name, body, signal) => asked(`v1/tasks/${name}`, body, signal);

/** Streams a completion: calls each(entries, reason, chunk) for every chunk. */
export async function complete(body, each, signal) {
  const response = await request('v1/completions', {...body, stream: true}, signal);
  for await (const data of events(response.body)) {
    if (data === '[DONE]') return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ServerError(chunk.error.message);
    for (const {logprobs, finish_reason} of chunk.choices) {
      each(logprobs ? entriesOf(logprobs) : [], finish_reason, chunk);
    }
  }
  throw new ServerError(t('cut_off'));  // the stream ended without [DONE]
}

/** The data of server-sent events. */
export async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {value, done} = await reader.read().catch(() => { throw new ServerError(t('cut_off')); });
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice(6).trimEnd();
  }
}

/** One entry per token: {id, bytes, logprob, top: [{id, bytes, logprob}]}, most probable first. */
export function entriesOf({token_ids, token_logprobs, bytes, top_token_ids, top_token_logprobs, top_bytes}) {
  return token_ids.map((id, i) => ({
    id, bytes: bytes[i], logprob: token_logprobs[i],
    top: (top_token_ids?.[i] ?? []).map((other, k) =>
      ({id: other, bytes: top_bytes[i][k], logprob: top_token_logprobs[i][k]})),
  }));
}
