/* Included once per .def (no guard): enum of its field numbers, F_<entity>_<field>, and its own number, ENTITY_<entity>. */
#define MAKE_CAT3(a, b, c) a##b##_##c
#define MAKE_CAT(a, b, c) MAKE_CAT3(a, b, c)
#define MAKE_CAT2(a, b) a##b
#define MAKE_NAME(a, b) MAKE_CAT2(a, b)
#define F(n_, c_, ...) MAKE_CAT(F_, E_NAME, c_) = n_,
#define ENTITY(n_, c_, ...) MAKE_NAME(E_, c_) = n_,
enum {
#include E_FILE
};
#undef F
#undef ENTITY
#undef MAKE_CAT3
#undef MAKE_CAT
#undef MAKE_CAT2
#undef MAKE_NAME
#undef E_NAME
#undef E_FILE
