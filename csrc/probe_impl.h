// The peak rates of the processor: loops that only read, or only multiply and add. Included by
// kernels_impl.h, so they exist for each instruction set and use the same vectors as the kernels.

namespace gpt2 {
namespace {

// Reads `streams` runs of `bytes` each, a multiple of 256, side by side like panels.
int32_t read_streams(const uint8_t* data, int streams, size_t bytes) {
  I sum[4] = {iset1(0), iset1(0), iset1(0), iset1(0)};
  for (size_t at = 0; at < bytes; at += 256) {
    for (int s = 0; s < streams; s++) {
      const int32_t* from = reinterpret_cast<const int32_t*>(data + s * bytes + at);
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) sum[i] = add(sum[i], load(from + i * kLanes));
    }
  }
  int32_t lanes[kLanes];  // the sum is used, or the compiler would remove the loads
  store(lanes, add(add(sum[0], sum[1]), add(sum[2], sum[3])));
  return lanes[0];
}

// As many independent sums as a tile of the float kernels has: enough to hide the latency.
double multiply_adds(int rounds, float* result) {
  constexpr int kSums = kTileRows * kTilePanels;
  F sum[kSums];
  const F factor = set1(0.5f), term = set1(1.0f);
#pragma GCC unroll 32
  for (int i = 0; i < kSums; i++) sum[i] = set1(static_cast<float>(i));
  for (int k = 0; k < rounds; k++) {
#pragma GCC unroll 32
    for (int i = 0; i < kSums; i++) sum[i] = fused(sum[i], factor, term);
  }
  F total = sum[0];
  for (int i = 1; i < kSums; i++) total = add(total, sum[i]);
  float lanes[kLanes];
  store(lanes, total);
  *result = lanes[0];
  return 2.0 * rounds * kSums * kLanes;
}

}  // namespace
}  // namespace gpt2
