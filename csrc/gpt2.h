// The native GPT-2 engine as a plain C interface, the only public interface of the core.
//
// The core turns token ids into logits. It works on bytes and knows nothing of files or Python.
// Every call returns a gpt2_status; after anything other than GPT2_OK, gpt2_message() describes the
// error. A failed call leaves its engine and cache unchanged. Calls on the same engine are
// serialized.
#ifndef GPT2_H_
#define GPT2_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define GPT2_API __declspec(dllexport)
#else
#define GPT2_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  GPT2_OK = 0,
  GPT2_INVALID = 1,  // an invalid argument
  GPT2_CONTEXT = 2,  // more tokens than the context or the cache holds
  GPT2_WEIGHTS = 3,  // weights with wrong names, shapes or bytes
  GPT2_MEMORY = 4,   // out of memory
  GPT2_STOPPED = 5,  // a tap stopped the call
} gpt2_status;

typedef enum {
  GPT2_F32 = 0,
  GPT2_F16 = 1,
  GPT2_BF16 = 2,
  GPT2_INT8 = 3,  // one scale per output: 8 bits per weight
  GPT2_INT4 = 4,  // one 8-bit scale per 32 inputs: 4.25 bits per weight
} gpt2_dtype;

typedef enum {
  GPT2_GELU_TANH = 0,
  GPT2_GELU = 1,
  GPT2_RELU = 2,
  GPT2_SILU = 3,
  GPT2_TANH = 4,
} gpt2_activation;

typedef enum {
  GPT2_LOGITS_NONE = 0,
  GPT2_LOGITS_LAST = 1,  // after the last new token of each row
  GPT2_LOGITS_ALL = 2,   // after every new token, row by row
} gpt2_logits;

// Whether gpt2_extend_top, and gpt2_extend_draw with a top_k, first scan an int8 copy of the head
// and then compute only the logits that may be among the largest. The first such call makes the
// copy. The results do not change; the cost is the copy's memory. Only for a head of F32, F16 or
// BF16, and for k up to 64.
typedef enum {
  GPT2_EXACT_HEAD_AUTO = 0,  // if the head is too large for the CPU cache: over 32 MB
  GPT2_EXACT_HEAD_ON = 1,
  GPT2_EXACT_HEAD_OFF = 2,
} gpt2_exact_head;

typedef struct {
  int32_t vocabulary, positions, width, layers, heads, inner;
  int32_t activation;   // gpt2_activation
  int32_t scale;        // divide attention scores by the square root of the head size
  int32_t layer_scale;  // and by the layer number, counted from 1
  int32_t tied;         // the output head is the token embedding
  float epsilon;        // of the layer norms
} gpt2_shape;

typedef struct {
  int32_t dtype;       // of the matrices in the layers
  int32_t head_dtype;  // of the token embedding and the output head
  int32_t kv_dtype;    // of keys and values: GPT2_F16, GPT2_F32 or GPT2_INT8
  int32_t threads;     // at least 1; one per physical core is best
  // "generic", "avx2", "avx512", "amx", "neon" or "neon_base"; NULL: the best that runs here
  const char* kernels;
  int32_t exact_head;  // gpt2_exact_head
} gpt2_options;

// How a token is drawn. The logits are divided by the temperature. Then the filters keep the top_k
// most probable tokens and ties with the last of them (0: all); the smallest set with a probability
// mass of top_p (1: all); tokens with at least min_p times the best token's probability (0: all); a
// mass of typical_p of the tokens whose surprisal is nearest the entropy (1: all); and tokens at
// least as probable as epsilon and as the smaller of eta and sqrt(eta) e^-entropy (0 or 1: all).
// typical_p, epsilon, eta and renormalize need a top_k from 1 to 128.
typedef struct {
  float temperature;  // above 0
  int32_t top_k;
  double top_p, min_p;
  double typical_p, epsilon, eta;
  int32_t renormalize;  // draw by the rounded log-probabilities of the tokens that are left
} gpt2_sampling;

// The number of logits that the exact head computed in full precision: in the last row, in all
// rows; and the number of rows.
typedef struct {
  int64_t last, total, rows;
} gpt2_rescored;

typedef struct gpt2_engine gpt2_engine;
typedef struct gpt2_cache gpt2_cache;

// Incremented with every change of this file that breaks code compiled or written for an older
// version.
#define GPT2_ABI 3

// GPT2_ABI and the sizes of shape, options, sampling, rescored, packing, point, omissions, ask and
// answer, separated by spaces. A caller with other values must not use the library.
GPT2_API const char* gpt2_abi(void);

// Call these around fork() in a multi-threaded process: without them a child may wait forever for
// an engine that another thread was using. The first returns once no call is running on any engine;
// new calls then wait for the second or, in the child, the third. A pair within a pair is harmless.
GPT2_API void gpt2_before_fork(void);
GPT2_API void gpt2_after_fork_in_parent(void);
GPT2_API void gpt2_after_fork_in_child(void);

// The error message of this thread's last failed call.
GPT2_API const char* gpt2_message(void);

// Create an engine with a shape and no weights yet; each engine has its own threads.
GPT2_API int gpt2_engine_new(const gpt2_shape* shape, const gpt2_options* options,
                             gpt2_engine** engine);
GPT2_API void gpt2_engine_free(gpt2_engine* engine);

// Set one tensor by its name in the checkpoint ("transformer.h.0.attn.c_attn.weight"), from
// row-major numbers of `dtype` (F32, F16 or BF16). They are packed immediately and not needed
// afterwards.
GPT2_API int gpt2_engine_set(gpt2_engine* engine, const char* name, int32_t dtype, const void* data,
                             const int64_t* dims, int32_t rank);

// The packed bytes of a matrix; `*bytes` belongs to the engine. gpt2_engine_set_packed accepts the
// same bytes and does not copy them; they must stay in place as long as the engine lives.
GPT2_API int gpt2_engine_packed(gpt2_engine* engine, const char* name, const void** bytes,
                                size_t* size);
GPT2_API int gpt2_engine_set_packed(gpt2_engine* engine, const char* name, const void* bytes,
                                    size_t size);

// How one matrix is packed without an engine.
typedef struct {
  int32_t dtype;  // of the stored weights
  int32_t outputs, inputs;
  int32_t transposed;  // the source is [inputs, outputs], otherwise [outputs, inputs]
  int32_t search;      // int4: try several scales for each group
  // GPTQ: compensate each rounding error in the inputs not yet rounded, in the order `order`
  // [inputs]. `factor` [inputs, inputs] is the lower triangle L with L L^T = (X^T X)^-1, for inputs
  // X of the matrix in that order. NULL, NULL: round every weight to nearest.
  const float* factor;
  const int32_t* order;
  int32_t threads;
} gpt2_packing;

// gpt2_packed_size returns the size of the packed matrix in bytes; gpt2_pack packs numbers of dtype
// `from` (F32, F16 or BF16) into `to`, which has that size.
GPT2_API int gpt2_packed_size(const gpt2_packing* packing, size_t* size);
GPT2_API int gpt2_pack(const gpt2_packing* packing, int32_t from, const void* data, void* to,
                       size_t size);

// The name of the kernels in use, the number of threads, the bytes of the packed weights, and the
// counts of the exact head.
GPT2_API const char* gpt2_engine_kernels(const gpt2_engine* engine);
GPT2_API int32_t gpt2_engine_threads(const gpt2_engine* engine);
GPT2_API size_t gpt2_engine_bytes(const gpt2_engine* engine);
GPT2_API int gpt2_engine_rescored(gpt2_engine* engine, gpt2_rescored* counts);

// A KV cache for `rows` independent sequences of at most `capacity` tokens. It must not outlive its
// engine or be used with another one.
GPT2_API int gpt2_cache_new(gpt2_engine* engine, int32_t rows, int32_t capacity,
                            gpt2_cache** cache);
GPT2_API void gpt2_cache_free(gpt2_cache* cache);
GPT2_API int32_t gpt2_cache_length(const gpt2_cache* cache, int32_t row);
// The memory in bytes that it takes when full.
GPT2_API size_t gpt2_cache_bytes(const gpt2_cache* cache);
// Row r becomes a copy of the former row sources[r]; `sources` has one entry per row of the cache.
GPT2_API int gpt2_cache_gather(gpt2_cache* cache, const int32_t* sources);
// Row `to` becomes a copy of the first `length` tokens of a different row `from`.
GPT2_API int gpt2_cache_copy(gpt2_cache* cache, int32_t from, int32_t to, int32_t length);
// Forget all but the first `length` tokens of a row.
GPT2_API int gpt2_cache_truncate(gpt2_cache* cache, int32_t row, int32_t length);

// Append counts[i] >= 1 tokens to row rows[i], for i < n; `ids` holds them row by row. `logits`
// receives [n, vocabulary] for LAST and [sum of counts, vocabulary] for ALL.
GPT2_API int gpt2_extend(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                         const int32_t* counts, const int32_t* ids, int32_t mode, float* logits);

// Like gpt2_extend, but returns only the `k` largest logits and their ids: [n, k] for LAST and [sum
// of counts, k] for ALL; largest first, ties by lower id, NaN before all. k is at most 128 and at
// most the vocabulary size.
GPT2_API int gpt2_extend_top(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                             const int32_t* counts, const int32_t* ids, int32_t mode, int32_t k,
                             int32_t* top, float* logits);

// Like gpt2_extend, but scores given tokens instead of returning logits. targets [sum of counts]
// holds the token to score after each new token, or -1 for none. The results have the same shape:
// the natural log-probability of the target, and whether it is the most probable token (1; ties go
// to the lowest id). Both are 0 without a target. Without a tap, a token's logits are never all in
// memory at once.
GPT2_API int gpt2_extend_logprobs(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                                  const int32_t* rows, const int32_t* counts, const int32_t* ids,
                                  const int32_t* targets, float* logprobs, uint8_t* greedy);

// Like gpt2_extend, but returns tokens drawn from the logits: [n] for LAST and [sum of counts] for
// ALL. `noise` holds as many numbers in [0, 1): the token drawn is the first whose running sum of
// weights, in order of the ids, exceeds its noise times the total. A weight is exp(score - best
// score) in units of 2^-30, so it is the same on every processor.
GPT2_API int gpt2_extend_draw(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                              const int32_t* rows, const int32_t* counts, const int32_t* ids,
                              int32_t mode, const gpt2_sampling* sampling, const double* noise,
                              int32_t* tokens);

typedef enum {
  GPT2_CHOOSE_NONE = 0,
  GPT2_CHOOSE_GIVEN = 1,    // score a given token
  GPT2_CHOOSE_LARGEST = 2,  // the most probable; ties go to the lowest id
  GPT2_CHOOSE_DRAWN = 3,    // as in gpt2_extend_draw
} gpt2_choice;

// A request for results after one new token.
typedef struct {
  int32_t at;              // index of the new token, counted over all rows of the call
  int32_t choice;          // gpt2_choice
  int32_t token;           // for GIVEN
  int32_t top;             // log-probabilities, also of this many most probable tokens; -1: none
  gpt2_sampling sampling;  // for DRAWN
  double noise;            // for DRAWN
  float* logits;           // receives all logits [vocabulary]; may be NULL
} gpt2_ask;

typedef struct {
  int32_t token;  // given or chosen; -1 if none was requested or none can be chosen
  // Its natural log-probability is its logit - largest - log_sum, where log_sum is the logarithm of
  // the sum of exp(logit - largest); NaN if the logits are not finite. All three are 0 if `top` is
  // -1.
  float logprob, largest;
  double log_sum;
} gpt2_answer;

// Like gpt2_extend, but answers asks, ordered by their tokens. Each ask has its own options and
// gets the answer that it would get alone. `top` and `logprobs` [asks, k] receive the ids and
// log-probabilities of the most probable tokens, as many per line as the ask requests, in the order
// of gpt2_extend_top. A token that cannot be chosen does not fail the call, unlike in
// gpt2_extend_draw.
GPT2_API int gpt2_extend_asked(gpt2_engine* engine, gpt2_cache* cache, int32_t n,
                               const int32_t* rows, const int32_t* counts, const int32_t* ids,
                               int32_t asks, const gpt2_ask* ask, int32_t k, gpt2_answer* answers,
                               int32_t* top, float* logprobs);

// The same draw, but from the caller's logits [n, vocabulary], which are not changed.
GPT2_API int gpt2_draw(gpt2_engine* engine, int32_t n, const float* logits,
                       const gpt2_sampling* sampling, const double* noise, int32_t* tokens);

// The weights of `n` scores of at most 0, the best of which is taken to be 0: exp(score) in units
// of 2^-30.
GPT2_API int gpt2_weights(gpt2_engine* engine, int32_t n, const float* scores, int32_t* weights);

// Run only the checks of gpt2_extend: input that passes them can be fed in pieces.
GPT2_API int gpt2_check(gpt2_engine* engine, gpt2_cache* cache, int32_t n, const int32_t* rows,
                        const int32_t* counts, const int32_t* ids);

// ---- Taps and ablations ----

// A named point of the forward pass and its activations, [sum of counts, heads, width], or [sum of
// counts, width] if heads is 0. The names are those of the torch model (gpt2/points.py).
typedef struct {
  const char* name;       // "embed", "h.0.attn.pattern", ...
  float* values;          // may be changed in place
  int32_t rows;           // of the gpt2_extend call, in its order,
  const int32_t* counts;  // and the number of new tokens of each, [rows]
  int32_t heads, width;
  int64_t token_stride, head_stride;  // in floats
} gpt2_point;

typedef enum {
  GPT2_TAP_SEEN = 0,
  GPT2_TAP_CHANGED = 1,  // the values were changed
  GPT2_TAP_STOP = 2,     // end the call with GPT2_STOPPED and leave the cache unchanged
} gpt2_tap_result;

// Called on the thread that called gpt2_extend. It must not call the same engine.
typedef int (*gpt2_tap)(void* context, const gpt2_point* point);

// Set the tap that sees every point of all later calls; NULL removes it. With a tap each call is
// computed in one piece and step by step: more memory and time, but the same bits.
GPT2_API int gpt2_engine_tap(gpt2_engine* engine, gpt2_tap tap, void* context);

// The parts that the forward pass leaves out (1); NULL: none of that kind.
typedef struct {
  const uint8_t* heads;      // [layers, heads]: this head outputs zeros
  const uint8_t* attention;  // [layers]: this layer's attention adds nothing to the residual stream
  const uint8_t* mlps;       // [layers]: this layer's MLP adds nothing
  const uint8_t* hidden;     // [positions]: later positions do not attend to this one
  int32_t position_embeddings;  // 1: they are not added
} gpt2_omissions;

// Leave these parts out of all later calls; NULL: nothing.
GPT2_API int gpt2_engine_omit(gpt2_engine* engine, const gpt2_omissions* omissions);

// Start later passes with a tap before `layer`, from its residual stream [tokens, width] for
// exactly the tokens of the call; the layers below do not run, and their cache does not change. The
// numbers are copied; layer 0: start from the tokens. If the stream equals what the layers below
// would compute, so do all results, to the bit. A pass without a tap or with another number of
// tokens is an error.
GPT2_API int gpt2_engine_begin(gpt2_engine* engine, int32_t layer, int32_t tokens,
                               const float* hidden);

// Create an engine that shares the weights in place and has the same options, but its own threads,
// taps and omissions. Free it before `engine`, and do not set weights of `engine` until then.
GPT2_API int gpt2_engine_twin(gpt2_engine* engine, gpt2_engine** twin);

// `count` rows of a tensor as stored, starting at `first`, by its name in the checkpoint. A row of
// a matrix holds the weights of one output, [count, inputs]; a table has its own rows; a vector is
// one row.
GPT2_API int gpt2_engine_rows(gpt2_engine* engine, const char* name, int32_t first, int32_t count,
                              float* to);

// Only the final layer norm and the output head: logits [n, vocabulary] of n rows of the residual
// stream [n, width], bit-identical to gpt2_extend if a row is the residual stream after the last
// layer.
GPT2_API int gpt2_head(gpt2_engine* engine, int32_t n, const float* hidden, float* logits);

// For each row of logits [n, vocabulary]: the natural logarithm of the sum of exponentials, and the
// entropy of the softmax in nats, [n] each.
GPT2_API int gpt2_entropy(gpt2_engine* engine, int32_t n, const float* logits, double* log_sums,
                          double* entropies);

// ---- Arithmetic coding ----

// [0, 2^30) is divided into one interval [begin, end) per token, in order of the ids. Its length is
// roughly proportional to the token's probability and at least 1; equal logits give equal intervals
// on every processor. gpt2_interval_of returns the intervals of given tokens, [n] for logits [n,
// vocabulary]; gpt2_interval_at returns the token whose interval contains a point.
GPT2_API int gpt2_interval_of(gpt2_engine* engine, int32_t n, const float* logits,
                              const int32_t* tokens, int32_t* begins, int32_t* ends);
GPT2_API int gpt2_interval_at(gpt2_engine* engine, const float* logits, int32_t point,
                              int32_t* token, int32_t* begin, int32_t* end);

// Measure this machine's peak rates with `threads` threads of the engine: bytes per second read
// from a buffer of `bytes`, which should be far larger than the caches, and floating-point
// operations per second of multiply-adds in registers. Each is the best of many runs in about
// `seconds`.
GPT2_API int gpt2_probe(int32_t threads, const char* kernels, size_t bytes, double seconds,
                        double* read_rate, double* multiply_rate);

#ifdef __cplusplus
}
#endif

#endif  // GPT2_H_
