// The library bcryptprimitives.dll of Windows, as far as Rust's standard library needs it, for a Wine that lacks it.

#include <windows.h>

// Another name of RtlGenRandom, which Wine has.
BOOLEAN WINAPI SystemFunction036(void *bytes, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T length) { return SystemFunction036(bytes, length); }
