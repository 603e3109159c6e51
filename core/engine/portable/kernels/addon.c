// The native kernels as a Node-API addon. It works in the program's memory in place, which JavaScript passes as a Uint8Array;
// nothing is copied, nothing kept. Of several builds of the kernels it takes the best for this CPU, or a lower one as told.
#include <node_api.h>
#include <stdint.h>
#include "cpu.h"
#include "system-call.h"

typedef int Walk(char *memory, int32_t *plan, int records, int thread, int threads, char *scratch, void *control, double *profile);
typedef uint64_t SelfTest(char *memory);
typedef void Resample(const double *job, char *memory, char *output);

extern Walk walk_baseline;
extern SelfTest selfTest_baseline;
extern unsigned selfTestBytes_baseline(void);
extern Resample resample_baseline;
#if defined(__x86_64__)
extern Walk walk_avx2;
extern SelfTest selfTest_avx2;
extern Resample resample_avx2;
extern Walk walk_avx512;
extern SelfTest selfTest_avx512;
extern Resample resample_avx512;
#define CHOOSE(name, level) ((level) == LEVEL_AVX512 ? name##_avx512 : (level) == LEVEL_AVX2 ? name##_avx2 : name##_baseline)
#else
#define CHOOSE(name, level) name##_baseline
#endif

enum { MOST_ARGUMENTS = 9, ADVICE_HUGEPAGE = 14 };

/** Reads (Uint8Array, number, ...). @return the array's start, or NULL with an exception pending */
static char *readArguments(napi_env env, napi_callback_info info, size_t count, uint32_t *numbers, size_t *bytes) {
  napi_value values[MOST_ARGUMENTS];
  size_t given = MOST_ARGUMENTS;
  char *memory = 0;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  int right = given == count && napi_get_typedarray_info(env, values[0], 0, bytes, (void **)&memory, 0, 0) == napi_ok;
  for (size_t i = 1; right && i < count; i++) right = napi_get_value_uint32(env, values[i], numbers + i - 1) == napi_ok;
  if (right) return memory;
  napi_throw_type_error(env, 0, "expected a Uint8Array and numbers");
  return 0;
}

/** walk(memory, level, plan, records, thread, threads, scratch, control, profile): offsets in bytes, profile or 0. */
static napi_value walk(napi_env env, napi_callback_info info) {
  uint32_t n[8];
  size_t bytes;
  napi_value result;
  char *memory = readArguments(env, info, 9, n, &bytes);
  if (!memory) return 0;
  double *profile = n[7] ? (double *)(memory + n[7]) : 0;
  const int ended = CHOOSE(walk, n[0])(memory, (int32_t *)(memory + n[1]), (int)n[2], (int)n[3], (int)n[4], memory + n[5], memory + n[6], profile);
  napi_create_int32(env, ended, &result);
  return result;
}

/** selfTest(memory, level): a BigInt. */
static napi_value selfTest(napi_env env, napi_callback_info info) {
  uint32_t level;
  size_t bytes;
  napi_value result;
  char *memory = readArguments(env, info, 2, &level, &bytes);
  if (!memory) return 0;
  if (bytes < selfTestBytes_baseline()) {
    napi_throw_range_error(env, 0, "the self-test needs more memory");
    return 0;
  }
  napi_create_bigint_uint64(env, CHOOSE(selfTest, level)(memory), &result);
  return result;
}

/**
 * adviseHugePages(memory): asks for pages of 2 MB. Kernels walk tens of panels at once, each on pages of its own; with 4 kB
 * these are more than the processor remembers the addresses of. Only advice: where it is not taken, all is as before.
 */
static napi_value adviseHugePages(napi_env env, napi_callback_info info) {
  size_t bytes;
  char *memory = readArguments(env, info, 1, 0, &bytes);
  if (memory) systemCall(CALL_MADVISE, (long)memory, (long)bytes, ADVICE_HUGEPAGE, 0);
  return 0;
}

/** resample(job, memory, output, level): typed arrays; job is a ResampleJob of kernels/resample.c. */
static napi_value resample(napi_env env, napi_callback_info info) {
  napi_value values[4];
  size_t given = 4;
  void *arrays[3];
  uint32_t level;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  int right = given == 4 && napi_get_value_uint32(env, values[3], &level) == napi_ok;
  for (int i = 0; right && i < 3; i++) right = napi_get_typedarray_info(env, values[i], 0, 0, arrays + i, 0, 0) == napi_ok;
  if (right) CHOOSE(resample, level)(arrays[0], arrays[1], arrays[2]);
  else napi_throw_type_error(env, 0, "expected three typed arrays and a number");
  return 0;
}

/** The best level of this CPU: LEVEL_* in cpu.h. */
static napi_value level(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_int32(env, cpuLevel(), &result);
  return result;
}

static void add(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, 0, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  add(env, exports, "walk", walk);
  add(env, exports, "selfTest", selfTest);
  add(env, exports, "adviseHugePages", adviseHugePages);
  add(env, exports, "resample", resample);
  add(env, exports, "level", level);
  return exports;
}
