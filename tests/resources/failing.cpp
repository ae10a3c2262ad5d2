// Preloaded by test_faults.py: the n-th allocation of the compiled kernels fails, or every thread start from the n-th on.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations{0}, threads{0}, failing{-1}, refused{-1};
struct Range {
  char *from, *to;
};
Range kernels[8];
int ranges = 0;

// Only calls from the kernels count, and nobody else's library.
bool is_ours(void *caller) {
  for (int k = 0; k < ranges; ++k)
    if (static_cast<char *>(caller) >= kernels[k].from && static_cast<char *>(caller) < kernels[k].to) return true;
  return false;
}
}  // namespace

extern "C" {
void only(char *from, char *to) {
  if (ranges < 8) kernels[ranges++] = {from, to};
}
void fail_allocation(long n) { allocations = 0, failing = n; }
void refuse_threads(long n) { threads = 0, refused = n; }
long allocations_seen() { return allocations; }

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
  static const auto real = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  if (refused >= 0 && threads++ >= refused) return EAGAIN;
  return real(thread, attributes, run, argument);
}
}

// What vectors and functions of the kernels call.
void *operator new(std::size_t size) {
  if (is_ours(__builtin_return_address(0)) && allocations++ == failing) throw std::bad_alloc();
  if (void *found = std::malloc(size ? size : 1)) return found;
  throw std::bad_alloc();
}
