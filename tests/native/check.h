// What the native tests share: checks that end the program with a line, and numbers from a seed.
#ifndef GPT2_TESTS_CHECK_H_
#define GPT2_TESTS_CHECK_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)

inline void check(bool good, const char* what, const char* file, int line) {
  if (good) return;
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
  std::exit(1);
}

// Every table of kernels there is on some processor.
constexpr const char* kTables[] = {"generic", "wasm", "avx2", "avx512", "amx", "neon_base", "neon"};

// xorshift64*: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint64_t bits() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du >> 16;
  }
  int below(int n) { return static_cast<int>(bits() % static_cast<uint64_t>(n)); }
  int from(int low, int high) { return low + below(high - low + 1); }
  // Near a normal distribution of standard deviation 1.
  float normal() {
    float sum = -6;
    for (int i = 0; i < 12; i++) sum += static_cast<float>(bits() % 4096) / 4096;
    return sum;
  }
  std::vector<float> normals(size_t n, float scale = 1) {
    std::vector<float> x(n);
    for (float& value : x) value = scale * normal();
    return x;
  }

 private:
  uint64_t state_;
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Parts of core_test; each ends the program if something is wrong.
void test_kernels();
void test_model();
void test_damage();
void test_asking();
void test_choosing();
void test_logprob();
void test_team();

#endif  // GPT2_TESTS_CHECK_H_
