/* crossinterp_capi.h: how another C extension uses the copy of crossinterp that Python code uses in this process.
 *
 * Include it instead of linking libcrossinterp: two copies in one process have nothing in common.  The functions of
 * crossinterp.h are called through the table, under their own names:
 *
 *     static int example_exec(PyObject *module)
 *     {
 *         example_state *state = PyModule_GetState(module);
 *         state->api = crossinterp_capi_import(&state->api_owner); // visit and clear api_owner as every reference
 *         return state->api == NULL ? -1 : 0;
 *     }
 *     ...
 *     xi_value number = state->api->xi_value_int(42);
 *
 * Each interpreter has a table of its own; keep it in the state of your module, not in a static variable.  The functions
 * of crossinterp.h need no thread state; those that take a PyObject or raise (the first group of the table) need one of
 * the interpreter the table belongs to. */
#ifndef CROSSINTERP_CAPI_H
#define CROSSINTERP_CAPI_H

#include <Python.h>

#include "crossinterp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every function of crossinterp.h: X(what it returns, its name, its parameters). */
/* clang-format off */
#define XI_CAPI_FUNCTIONS(X)                                                                                \
    X(uint32_t, xi_abi_version, (void))                                                                     \
    X(const char *, xi_version, (void))                                                                     \
    X(const char *, xi_status_name, (xi_status status))                                                     \
    X(xi_value, xi_value_none, (void))                                                                      \
    X(xi_value, xi_value_ellipsis, (void))                                                                  \
    X(xi_value, xi_value_bool, (int truth))                                                                 \
    X(xi_value, xi_value_int, (int64_t number))                                                             \
    X(xi_value, xi_value_uint, (uint64_t number))                                                           \
    X(xi_value, xi_value_float, (double number))                                                            \
    X(xi_status, xi_value_int_from_bytes, (const uint8_t *bytes, size_t len, xi_value *out))                \
    X(xi_status, xi_value_bytes, (const void *bytes, size_t len, xi_value *out))                            \
    X(xi_status, xi_value_text, (int32_t form, const void *units, size_t len, xi_value *out))               \
    X(xi_status, xi_value_text_unchecked, (int32_t form, const void *units, size_t len, xi_value *out))     \
    X(int32_t, xi_value_kind, (const xi_value *value))                                                      \
    X(xi_value, xi_value_clone, (const xi_value *value))                                                    \
    X(void, xi_value_release, (xi_value *value))                                                            \
    X(xi_status, xi_value_mark_frozen, (xi_value *value))                                                   \
    X(int, xi_value_is_frozen, (const xi_value *value))                                                     \
    X(int, xi_value_is_shared, (const xi_value *value))                                                     \
    X(xi_status, xi_value_as_bool, (const xi_value *value, int *out))                                       \
    X(xi_status, xi_value_as_int, (const xi_value *value, int64_t *out))                                    \
    X(xi_status, xi_value_as_float, (const xi_value *value, double *out))                                   \
    X(xi_status, xi_value_int_size, (const xi_value *value, size_t *out))                                   \
    X(xi_status, xi_value_int_to_bytes, (const xi_value *value, uint8_t *bytes, size_t len))                \
    X(xi_status, xi_value_as_bytes, (const xi_value *value, const void **bytes, size_t *len))               \
    X(xi_status, xi_value_as_text, (const xi_value *value, xi_text *out))                                   \
    X(xi_status, xi_value_equal, (const xi_value *left, const xi_value *right, int *out))                   \
    X(xi_status, xi_sequence_new, (int32_t kind, size_t len, xi_sequence_builder **out))                    \
    X(xi_value *, xi_sequence_slots, (xi_sequence_builder *builder))                                        \
    X(xi_status, xi_sequence_finish, (xi_sequence_builder *builder, xi_value *out))                         \
    X(void, xi_sequence_release, (xi_sequence_builder *builder))                                            \
    X(xi_status, xi_value_items, (const xi_value *value, const xi_value **items, size_t *len))              \
    X(xi_status, xi_map_new, (size_t capacity, xi_map_builder **out))                                       \
    X(xi_status, xi_map_insert, (xi_map_builder *builder, xi_value *key, xi_value *value))                  \
    X(xi_status, xi_map_finish, (xi_map_builder *builder, xi_value *out))                                   \
    X(void, xi_map_release, (xi_map_builder *builder))                                                      \
    X(xi_status, xi_value_map_len, (const xi_value *map, size_t *out))                                      \
    X(xi_status, xi_value_map_entry, (const xi_value *map, size_t index, const xi_value **key,              \
      const xi_value **value))                                                                              \
    X(xi_status, xi_value_map_get, (const xi_value *map, const xi_value *key, const xi_value **out))        \
    X(xi_status, xi_value_map_get_text, (const xi_value *map, int32_t form, const void *units,              \
      size_t len, const xi_value **out))                                                                    \
    X(xi_status, xi_domain_open, (xi_domain **out))                                                         \
    X(xi_status, xi_domain_end_waits, (xi_domain *domain))                                                  \
    X(xi_status, xi_domain_close, (xi_domain *domain))                                                      \
    X(int32_t, xi_domain_state, (const xi_domain *domain))                                                  \
    X(void, xi_domain_release, (xi_domain *domain))                                                         \
    X(xi_status, xi_channel_new, (const xi_channel_options *options, xi_sender **sender,                    \
      xi_receiver **receiver))                                                                              \
    X(xi_status, xi_sender_clone, (const xi_sender *sender, xi_sender **out))                               \
    X(xi_status, xi_receiver_clone, (const xi_receiver *receiver, xi_receiver **out))                       \
    X(void, xi_sender_release, (xi_sender *sender))                                                         \
    X(void, xi_receiver_release, (xi_receiver *receiver))                                                   \
    X(xi_status, xi_sender_to_value, (const xi_sender *sender, xi_value *out))                              \
    X(xi_status, xi_receiver_to_value, (const xi_receiver *receiver, xi_value *out))                        \
    X(xi_status, xi_value_as_sender, (const xi_value *value, xi_domain *domain, xi_sender **out))           \
    X(xi_status, xi_value_as_receiver, (const xi_value *value, xi_domain *domain, xi_receiver **out))       \
    X(xi_status, xi_sender_try_send, (const xi_sender *sender, xi_value *value))                            \
    X(xi_status, xi_sender_send_wait, (const xi_sender *sender, xi_value *value, uint64_t timeout_ns))      \
    X(xi_status, xi_receiver_try_recv, (const xi_receiver *receiver, xi_value *out))                        \
    X(xi_status, xi_receiver_recv_wait, (const xi_receiver *receiver, uint64_t timeout_ns, xi_value *out))  \
    X(xi_status, xi_sender_close, (const xi_sender *sender))                                                \
    X(xi_status, xi_receiver_close, (const xi_receiver *receiver))                                          \
    X(xi_status, xi_sender_info, (const xi_sender *sender, xi_channel_info *out))                           \
    X(xi_status, xi_receiver_info, (const xi_receiver *receiver, xi_channel_info *out))                     \
    X(xi_status, xi_receiver_recv_begin, (const xi_receiver *receiver, xi_wake wake, void *data,            \
      xi_wait **out))                                                                                       \
    X(xi_status, xi_sender_send_begin, (const xi_sender *sender, xi_value *value, xi_wake wake,             \
      void *data, xi_wait **out))                                                                           \
    X(xi_status, xi_wait_sleep, (xi_wait *wait, uint64_t timeout_ns))                                       \
    X(int, xi_wait_is_settled, (const xi_wait *wait))                                                       \
    X(xi_status, xi_wait_try, (xi_wait *wait, xi_value *value))                                             \
    X(xi_status, xi_wait_finish, (xi_wait *wait, xi_value *value))                                          \
    X(void, xi_wait_release, (xi_wait *wait))                                                               \
    X(uint64_t, xi_clock_ns, (void))
/* clang-format on */

typedef struct xi_capi xi_capi;
struct xi_capi {
    /* These two stay the first two fields for ever. */
    size_t struct_size;   /* sizeof(xi_capi) of the copy that made it; new fields go at the end */
    uint32_t abi_version; /* XI_ABI_VERSION of the copy that made it */

    /* ---- Between Python's objects and values.  What fails sets a Python exception. ---- */

    /* Gives *out, which must hold nothing; 0, or -1 and *out as it was.  What can be sent can be converted;
     * freeze not 0: as crossinterp.freeze() does, so that the receiver gets a view. */
    int (*value_from_object)(const xi_capi *api, PyObject *object, int freeze, xi_value *out);
    /* Borrows *value; a new reference, or NULL. */
    PyObject *(*object_from_value)(const xi_capi *api, const xi_value *value);
    /* The end that a crossinterp.Sender or Receiver has: borrowed, valid while the object is and its interpreter
     * lives.  NULL and TypeError for other objects.  For a thread of your own make an end that belongs to no
     * interpreter: xi_sender_to_value, then xi_value_as_sender with no domain. */
    const xi_sender *(*sender_of_object)(const xi_capi *api, PyObject *object);
    const xi_receiver *(*receiver_of_object)(const xi_capi *api, PyObject *object);
    /* A crossinterp.Sender or Receiver for one more end of the channel, held by this interpreter's domain.
     * Borrows the end; a new reference, or NULL. */
    PyObject *(*object_of_sender)(const xi_capi *api, const xi_sender *sender);
    PyObject *(*object_of_receiver)(const xi_capi *api, const xi_receiver *receiver);
    /* The domain of this interpreter, borrowed, or NULL. */
    xi_domain *(*domain)(const xi_capi *api);
    /* Sets the exception that Python code would get for this status (not XI_OK); always NULL. */
    PyObject *(*raise_status)(const xi_capi *api, xi_status status);

    /* ---- The functions of crossinterp.h ---- */
#define XI_CAPI_FIELD(result, name, parameters) result(*name) parameters;
    XI_CAPI_FUNCTIONS(XI_CAPI_FIELD)
#undef XI_CAPI_FIELD
};

#define XI_CAPI_CAPSULE "crossinterp._core._C_API"

/* The table of this interpreter, or NULL and ImportError when crossinterp cannot be imported or is not the one this
 * file belongs to.  *owner gets a new reference, which keeps the table where it is: release it after the last use. */
static inline const xi_capi *crossinterp_capi_import(PyObject **owner)
{
    const xi_capi *api = NULL;
    PyObject *capsule = NULL;
    PyObject *module = PyImport_ImportModule("crossinterp._core");
    if (module == NULL) {
        return NULL;
    }
    capsule = PyObject_GetAttrString(module, "_C_API");
    if (capsule != NULL) {
        api = (const xi_capi *)PyCapsule_GetPointer(capsule, XI_CAPI_CAPSULE);
        Py_DECREF(capsule);
    }
    if (api == NULL) {
        Py_DECREF(module);
        return NULL;
    }
    if (api->abi_version != XI_ABI_VERSION) {
        PyErr_Format(PyExc_ImportError, "compiled for ABI %u of crossinterp, but the one imported has ABI %u",
                     (unsigned int)XI_ABI_VERSION, (unsigned int)api->abi_version);
        Py_DECREF(module);
        return NULL;
    }
    if (api->struct_size < sizeof(xi_capi)) {
        PyErr_Format(PyExc_ImportError,
                     "compiled for a newer crossinterp: its table has %zu bytes, that of the one imported %zu",
                     sizeof(xi_capi), api->struct_size);
        Py_DECREF(module);
        return NULL;
    }
    *owner = module;
    return api;
}

#ifdef __cplusplus
}
#endif

#endif /* CROSSINTERP_CAPI_H */
