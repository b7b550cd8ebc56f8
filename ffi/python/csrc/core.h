/* core.h: the state of one instance of crossinterp._core, and what its C files offer each other.
 *
 * Each file has an exec function that adds its types and functions to the module; module.c calls them in order.
 * Functions that can fail set a Python exception and return NULL or -1, unless said otherwise. */
#ifndef CROSSINTERP_CORE_H
#define CROSSINTERP_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "crossinterp.h"
#include "crossinterp_capi.h"

/* ---- module.c: the state --------------------------------------------------------------------------------------- */

/* Every strong reference of the state, so that traverse and clear cannot forget one. */
#define CORE_STATE_OBJECTS(X)                                                                                \
    /* types */                                                                                              \
    X(PyTypeObject, sender_type)                                                                             \
    X(PyTypeObject, receiver_type)                                                                           \
    X(PyTypeObject, run_type)                                                                                \
    X(PyTypeObject, frozen_map_type)                                                                         \
    X(PyTypeObject, frozen_sequence_type)                                                                    \
    X(PyTypeObject, frozen_iterator_type)                                                                    \
    /* exceptions, of crossinterp._errors */                                                                 \
    X(PyObject, channel_error)                                                                               \
    X(PyObject, channel_closed)                                                                              \
    X(PyObject, channel_full)                                                                                \
    X(PyObject, channel_empty)                                                                               \
    X(PyObject, interpreter_ending)                                                                          \
    X(PyObject, forked_error)                                                                                \
    X(PyObject, not_shareable_error)                                                                         \
    /* view.c: the classes of crossinterp._views, and freeze, by which views are pickled */                  \
    X(PyObject, keys_view)                                                                                   \
    X(PyObject, values_view)                                                                                 \
    X(PyObject, items_view)                                                                                  \
    X(PyObject, freeze)                                                                                      \
    /* record.c: {type: (name, parts)} and {name: rebuild} */                                                \
    X(PyObject, record_types)                                                                                \
    X(PyObject, record_names)

typedef struct core_state {
#define CORE_STATE_FIELD(type, name) type *name;
    CORE_STATE_OBJECTS(CORE_STATE_FIELD)
#undef CORE_STATE_FIELD
    struct core_home *home; /* of domain.c: what all instances of the module in this interpreter share */
    xi_capi capi;           /* what the capsule _C_API points to */
} core_state;

/* Both never fail for a module or a type of ours. */
core_state *core_state_of_module(PyObject *module);
core_state *core_state_of_type(PyTypeObject *type);
/* Makes a type of the spec, adds it to the module under its name, and gives the reference to *slot. */
int core_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **slot);

/* ---- errors.c -------------------------------------------------------------------------------------------------- */

int core_errors_exec(PyObject *module, core_state *state);
/* Raises what the status means in Python; always returns NULL. */
PyObject *core_raise(core_state *state, xi_status status);
/* The same for a failed send: ChannelClosed carries item, the message that was not sent, as its attribute. */
PyObject *core_raise_unsent(core_state *state, xi_status status, PyObject *item);

/* ---- convert.c: objects to values ------------------------------------------------------------------------------ */

/* Gives *out, which must hold nothing.  freeze: whether the reference is to carry the frozen mark (containers only).
 * -1 leaves *out as it was; NotShareableError names the path inside the object. */
int core_value_from_object(core_state *state, PyObject *object, int freeze, xi_value *out);
/* 1 and *out given, when the object can be a key and is equal to what a map can hold; 0 when it cannot be in any map;
 * -1 with TypeError when it is not hashable. */
int core_key_from_object(core_state *state, PyObject *object, xi_value *out);

/* ---- rebuild.c: values to objects ------------------------------------------------------------------------------ */

/* A new reference.  Containers with the frozen mark become views, others builtins. */
PyObject *core_object_from_value(core_state *state, const xi_value *value);
/* The same, but marks are looked through: builtins all the way down. */
PyObject *core_object_thawed(core_state *state, const xi_value *value);
/* What stands in a view: containers as views, all else as objects. */
PyObject *core_view_part(core_state *state, const xi_value *part);

/* ---- number.c: ints of any size -------------------------------------------------------------------------------- */

/* An int (or one of a subclass, as an int).  Gives *out. */
int core_value_from_int(core_state *state, PyObject *number, xi_value *out);
PyObject *core_int_from_value(core_state *state, const xi_value *value);

/* ---- record.c: types of Python classes that are sent as records ------------------------------------------------ */

/* _core._register_record(type, name, parts, rebuild): an object of exactly this type is sent as a record of that name
 * with the parts in the tuple parts(object), and rebuilt by rebuild(*parts). */
int core_record_exec(PyObject *module, core_state *state);
/* 1 and new references to the name and the tuple of parts; 0 when objects of its type are no records; -1. */
int core_record_parts(core_state *state, PyObject *object, PyObject **name, PyObject **parts);
/* The object of a record whose name is known here. */
PyObject *core_record_rebuild(core_state *state, const xi_value *record);

/* ---- view.c: freeze, and what the two kinds of view have in common --------------------------------------------- */

/* A FrozenMap or FrozenSequence. */
typedef struct core_view {
    PyObject_HEAD xi_value value; /* with the frozen mark */
    const xi_value *items;        /* of a sequence, in place */
    Py_ssize_t length;
    Py_hash_t hash; /* of a sequence; -1: not known yet */
} core_view;

int core_view_exec(PyObject *module, core_state *state);
/* A view of a container (tuple, list, map), for which it holds a reference of its own. */
PyObject *core_view_new(core_state *state, const xi_value *value);
static inline int core_view_check(core_state *state, PyObject *object)
{
    return Py_IS_TYPE(object, state->frozen_map_type) || Py_IS_TYPE(object, state->frozen_sequence_type);
}

/* What an iterator over a view gives. */
enum { CORE_ITER_ITEMS, CORE_ITER_KEYS, CORE_ITER_VALUES, CORE_ITER_ENTRIES };
PyObject *core_iterator_new(core_state *state, core_view *view, int gives, int reversed);

/* Methods that both types have. */
PyObject *core_view_thaw(PyObject *self, PyObject *unused);
PyObject *core_view_reduce(PyObject *self, PyObject *unused);
PyObject *core_view_copy(PyObject *self, PyObject *unused);
PyObject *core_view_repr(PyObject *self);
void core_view_dealloc(PyObject *self);
#define CORE_VIEW_METHODS                                                                                    \
    {"thaw", core_view_thaw, METH_NOARGS,                                                                    \
     PyDoc_STR("thaw($self, /)\n--\n\nThe same as builtins, new and changeable, all the way down.")},        \
        {"__reduce__", core_view_reduce, METH_NOARGS, NULL},                                                 \
        {"__copy__", core_view_copy, METH_NOARGS, NULL}, {"__deepcopy__", core_view_copy, METH_O, NULL},     \
    {                                                                                                        \
        "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL                                      \
    }

/* ---- frozen_map.c, frozen_sequence.c --------------------------------------------------------------------------- */

extern PyType_Spec core_frozen_map_spec;
extern PyType_Spec core_frozen_sequence_spec;

/* ---- domain.c -------------------------------------------------------------------------------------------------- */

int core_domain_exec(PyObject *module, core_state *state);
void core_domain_free(core_state *state);
/* The domain of this interpreter, borrowed; a new one is opened in the child of a fork.  NULL and MemoryError. */
xi_domain *core_domain(core_state *state);
/* Ends the waits in the interpreter that the calling thread is attached to, if the module was ever loaded there.  Raises
 * nothing. */
void core_domain_end_waits(void);
/* Whether signals are delivered to this thread: it is the main thread of the main interpreter. */
int core_takes_signals(core_state *state);

/* ---- channel.c ------------------------------------------------------------------------------------------------- */

int core_channel_exec(PyObject *module, core_state *state);
/* Takes the end, also when it fails.  The end is held by core_domain(). */
PyObject *core_sender_wrap(core_state *state, xi_sender *sender);
PyObject *core_receiver_wrap(core_state *state, xi_receiver *receiver);
/* The end of a Sender or Receiver, borrowed from it.  NULL and TypeError for other objects. */
xi_sender *core_sender_borrow(core_state *state, PyObject *object);
xi_receiver *core_receiver_borrow(core_state *state, PyObject *object);

/* ---- wait.c ---------------------------------------------------------------------------------------------------- */

/* What stands for "for ever" among timeouts in nanoseconds. */
#define CORE_FOR_EVER UINT64_MAX
/* Seconds, a number or None, as nanoseconds, rounded up.  ValueError: negative, or not a number. */
int core_timeout_from_object(PyObject *timeout, uint64_t *out);
/* Sleeps, detached, until the wait is settled or the time is over, and finishes it.  A negative answer of xi_wait_finish
 * is returned as it is; XI_ERR_INTERRUPTED has set the exception that a signal handler raised.  In every case an unsent
 * value is back in *value, and a received one is there or goes to the next receiver. */
xi_status core_wait(core_state *state, xi_wait *wait, int sends, uint64_t timeout_ns, xi_value *value);

/* ---- interpreter.c --------------------------------------------------------------------------------------------- */

int core_interpreter_exec(PyObject *module, core_state *state);

/* ---- capi.c ---------------------------------------------------------------------------------------------------- */

int core_capi_exec(PyObject *module, core_state *state);

#endif /* CROSSINTERP_CORE_H */
