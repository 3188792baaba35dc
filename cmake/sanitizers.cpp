// Linked into every program of the sanitizer builds: what they may overlook, because it is not ours to mend.

extern "C" const char* __lsan_default_suppressions();

// c-ares forgets ten bytes for every channel whose host name gRPC looks up.
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares.so\n"; }

// And nothing is said about it: tests read what programs print.
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
