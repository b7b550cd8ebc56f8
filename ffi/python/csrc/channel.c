/* channel.c: the two ends of a channel as Python objects.
 *
 * An object owns one native end and no reference to any object.  Its dealloc touches that end only, because it may run
 * after the module's state, or the interpreter's domain, is gone. */
#include "core.h"

#include <stddef.h>

typedef struct core_end {
    PyObject_HEAD xi_sender *sender; /* one of these two is NULL */
    xi_receiver *receiver;
    uint64_t id; /* of the channel */
    size_t capacity;
    PyObject *weakrefs;
} core_end;

static core_end *end_of(PyObject *self)
{
    return (core_end *)self;
}

static core_state *state_of(PyObject *self)
{
    return core_state_of_type(Py_TYPE(self));
}

static xi_status end_info(const core_end *end, xi_channel_info *info)
{
    info->struct_size = sizeof(*info);
    return end->sender != NULL ? xi_sender_info(end->sender, info) : xi_receiver_info(end->receiver, info);
}

/* ---- Making and freeing ---- */

/* Takes the end that is not NULL. */
static PyObject *end_wrap(core_state *state, PyTypeObject *type, xi_sender *sender, xi_receiver *receiver)
{
    xi_channel_info info = {0};
    core_end *end = (core_end *)type->tp_alloc(type, 0);
    if (end == NULL) {
        xi_sender_release(sender);
        xi_receiver_release(receiver);
        return NULL;
    }
    end->sender = sender;
    end->receiver = receiver;
    xi_status status = end_info(end, &info);
    if (status != XI_OK) {
        Py_DECREF(end);
        return core_raise(state, status);
    }
    end->id = info.id;
    end->capacity = info.capacity;
    return (PyObject *)end;
}

PyObject *core_sender_wrap(core_state *state, xi_sender *sender)
{
    return end_wrap(state, state->sender_type, sender, NULL);
}

PyObject *core_receiver_wrap(core_state *state, xi_receiver *receiver)
{
    return end_wrap(state, state->receiver_type, NULL, receiver);
}

xi_sender *core_sender_borrow(core_state *state, PyObject *object)
{
    if (!Py_IS_TYPE(object, state->sender_type)) {
        PyErr_Format(PyExc_TypeError, "a Sender was expected, not '%s'", Py_TYPE(object)->tp_name);
        return NULL;
    }
    return end_of(object)->sender;
}

xi_receiver *core_receiver_borrow(core_state *state, PyObject *object)
{
    if (!Py_IS_TYPE(object, state->receiver_type)) {
        PyErr_Format(PyExc_TypeError, "a Receiver was expected, not '%s'", Py_TYPE(object)->tp_name);
        return NULL;
    }
    return end_of(object)->receiver;
}

static void end_dealloc(PyObject *self)
{
    core_end *end = end_of(self);
    PyTypeObject *type = Py_TYPE(self);
    if (end->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    xi_sender_release(end->sender);
    xi_receiver_release(end->receiver);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- What both ends have ---- */

static PyObject *end_repr(PyObject *self)
{
    core_end *end = end_of(self);
    const char *name = end->sender != NULL ? "Sender" : "Receiver";
    unsigned long long id = end->id;
    xi_channel_info info;
    xi_status status = end_info(end, &info);
    if (status != XI_OK) {
        const char *why = status == XI_ERR_FORKED ? "made before fork" : "ended";
        return PyUnicode_FromFormat("<crossinterp.%s of channel 0x%llx, %s>", name, id, why);
    }
    const char *closed = info.closed ? ", closed" : "";
    if (info.capacity == XI_UNBOUNDED) {
        return PyUnicode_FromFormat("<crossinterp.%s of channel 0x%llx, %zu queued%s>", name, id, info.len,
                                    closed);
    }
    return PyUnicode_FromFormat("<crossinterp.%s of channel 0x%llx, %zu of %zu queued%s>", name, id, info.len,
                                info.capacity, closed);
}

static Py_ssize_t end_length(PyObject *self)
{
    xi_channel_info info;
    xi_status status = end_info(end_of(self), &info);
    if (status != XI_OK) {
        (void)core_raise(state_of(self), status);
        return -1;
    }
    return (Py_ssize_t)info.len;
}

/* An end is true also when nothing is queued. */
static int end_truth(PyObject *self)
{
    return 1;
}

static Py_hash_t end_hash(PyObject *self)
{
    const core_end *end = end_of(self);
    Py_hash_t hash = (Py_hash_t)(end->id * 2 + (end->sender != NULL));
    return hash == -1 ? -2 : hash;
}

static PyObject *end_compare(PyObject *self, PyObject *other, int operation)
{
    if (!Py_IS_TYPE(other, Py_TYPE(self)) || (operation != Py_EQ && operation != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return PyBool_FromLong((end_of(self)->id == end_of(other)->id) == (operation == Py_EQ));
}

static PyObject *end_capacity(PyObject *self, void *closure)
{
    size_t capacity = end_of(self)->capacity;
    if (capacity == XI_UNBOUNDED) {
        Py_RETURN_NONE;
    }
    return PyLong_FromSize_t(capacity);
}

static PyObject *end_closed(PyObject *self, void *closure)
{
    xi_channel_info info;
    xi_status status = end_info(end_of(self), &info);
    return status == XI_OK ? PyBool_FromLong(info.closed) : core_raise(state_of(self), status);
}

PyDoc_STRVAR(
    close_doc,
    "close($self, /)\n--\n\n"
    "Closes the channel, for all its ends: nothing more can be sent, what is queued can still be received.\n"
    "Closing it again does nothing.  To let go of this one end only, drop its last reference.");

static PyObject *end_close(PyObject *self, PyObject *unused)
{
    core_end *end = end_of(self);
    xi_status status = end->sender != NULL ? xi_sender_close(end->sender) : xi_receiver_close(end->receiver);
    if (status != XI_OK) {
        return core_raise(state_of(self), status);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(clone_doc, "clone($self, /)\n--\n\n"
                        "One more end on this side of the same channel, equal to this one.");

static PyObject *end_clone(PyObject *self, PyObject *unused)
{
    core_end *end = end_of(self);
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    xi_status status = end->sender != NULL ? xi_sender_clone(end->sender, &sender)
                                           : xi_receiver_clone(end->receiver, &receiver);
    if (status != XI_OK) {
        return core_raise(state_of(self), status);
    }
    return end_wrap(state_of(self), Py_TYPE(self), sender, receiver);
}

static PyObject *end_enter(PyObject *self, PyObject *unused)
{
    return Py_NewRef(self);
}

static PyObject *end_exit(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return end_close(self, NULL);
}

/* Reads the arguments of send and recv: required positional ones, then timeout, by place or by name. */
static int read_timeout(const char *name, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                        Py_ssize_t required, uint64_t *out)
{
    PyObject *timeout = nargs == required + 1 ? args[required] : NULL;
    if (nargs < required || nargs > required + 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes %zd to %zd positional arguments but %zd were given", name,
                     required, required + 1, nargs);
        return -1;
    }
    Py_ssize_t named = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *keyword = PyTuple_GET_ITEM(kwnames, i);
        if (PyUnicode_CompareWithASCIIString(keyword, "timeout") != 0) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", name, keyword);
            return -1;
        }
        if (timeout != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument 'timeout'", name);
            return -1;
        }
        timeout = args[nargs + i];
    }
    if (timeout == NULL) {
        *out = CORE_FOR_EVER;
        return 0;
    }
    return core_timeout_from_object(timeout, out);
}

/* ---- Sending ---- */

static xi_status send_value(core_end *end, core_state *state, xi_value *value, uint64_t timeout_ns)
{
    xi_wait *wait;
    xi_status status = xi_sender_try_send(end->sender, value);
    if (status != XI_ERR_FULL) {
        return status;
    }
    if (timeout_ns == 0) {
        return XI_ERR_TIMEOUT;
    }
    status = xi_sender_send_begin(end->sender, value, NULL, NULL, &wait);
    return status == XI_OK ? core_wait(state, wait, 1, timeout_ns, value) : status;
}

/* None, or the exception; releases the value where it was not sent. */
static PyObject *sent(core_state *state, xi_status status, xi_value *value, PyObject *item)
{
    if (status == XI_OK) {
        Py_RETURN_NONE;
    }
    xi_value_release(value);
    return status == XI_ERR_INTERRUPTED ? NULL : core_raise_unsent(state, status, item);
}

PyDoc_STRVAR(
    send_doc,
    "send($self, item, /, timeout=None)\n--\n\n"
    "Sends the item, and waits while the channel is full, at most timeout seconds (None: for ever).\n\n"
    "NotShareableError: it cannot be sent.  ChannelClosed: the channel is closed, or nobody can receive any "
    "more;\n"
    "the very item is its attribute item.  TimeoutError, InterpreterEnding.  Whatever is raised, nothing was "
    "sent.");

static PyObject *sender_send(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    core_state *state = state_of(self);
    uint64_t timeout_ns;
    xi_value value = {{0}};
    if (read_timeout("send", args, nargs, kwnames, 1, &timeout_ns) < 0 ||
        core_value_from_object(state, args[0], 0, &value) < 0) {
        return NULL;
    }
    return sent(state, send_value(end_of(self), state, &value, timeout_ns), &value, args[0]);
}

PyDoc_STRVAR(try_send_doc, "try_send($self, item, /)\n--\n\n"
                           "Sends the item, or raises ChannelFull at once.  All else is as with send.");

static PyObject *sender_try_send(PyObject *self, PyObject *item)
{
    core_state *state = state_of(self);
    xi_value value = {{0}};
    if (core_value_from_object(state, item, 0, &value) < 0) {
        return NULL;
    }
    return sent(state, xi_sender_try_send(end_of(self)->sender, &value), &value, item);
}

/* ---- Receiving ---- */

static xi_status recv_value(core_end *end, core_state *state, xi_value *value, uint64_t timeout_ns)
{
    xi_wait *wait;
    xi_status status = xi_receiver_try_recv(end->receiver, value);
    if (status != XI_ERR_EMPTY) {
        return status;
    }
    if (timeout_ns == 0) {
        return XI_ERR_TIMEOUT;
    }
    status = xi_receiver_recv_begin(end->receiver, NULL, NULL, &wait);
    return status == XI_OK ? core_wait(state, wait, 0, timeout_ns, value) : status;
}

/* The message as an object, or the exception. */
static PyObject *received(core_state *state, xi_status status, xi_value *value)
{
    if (status != XI_OK) {
        return status == XI_ERR_INTERRUPTED ? NULL : core_raise(state, status);
    }
    PyObject *item = core_object_from_value(state, value);
    xi_value_release(value);
    return item;
}

PyDoc_STRVAR(
    recv_doc,
    "recv($self, /, timeout=None)\n--\n\n"
    "Receives the oldest message, and waits while there is none, at most timeout seconds (None: for "
    "ever).\n\n"
    "ChannelClosed: the channel is closed, or nobody can send any more, and everything sent was received.\n"
    "TimeoutError, InterpreterEnding.");

static PyObject *receiver_recv(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    core_state *state = state_of(self);
    uint64_t timeout_ns;
    xi_value value = {{0}};
    if (read_timeout("recv", args, nargs, kwnames, 0, &timeout_ns) < 0) {
        return NULL;
    }
    return received(state, recv_value(end_of(self), state, &value, timeout_ns), &value);
}

PyDoc_STRVAR(try_recv_doc,
             "try_recv($self, /)\n--\n\n"
             "Receives the oldest message, or raises ChannelEmpty at once.  All else is as with recv.");

static PyObject *receiver_try_recv(PyObject *self, PyObject *unused)
{
    xi_value value = {{0}};
    return received(state_of(self), xi_receiver_try_recv(end_of(self)->receiver, &value), &value);
}

/* Iterating receives until the channel is closed and empty. */
static PyObject *receiver_next(PyObject *self)
{
    core_state *state = state_of(self);
    xi_value value = {{0}};
    xi_status status = recv_value(end_of(self), state, &value, CORE_FOR_EVER);
    return status == XI_ERR_CLOSED ? NULL : received(state, status, &value);
}

/* ---- The types ---- */

#define END_METHODS                                                                                          \
    {"close", end_close, METH_NOARGS, close_doc}, {"clone", end_clone, METH_NOARGS, clone_doc},              \
        {"__enter__", end_enter, METH_NOARGS, NULL},                                                         \
        {"__exit__", (PyCFunction)(void (*)(void))end_exit, METH_FASTCALL, NULL},                            \
    {                                                                                                        \
        "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL                                      \
    }

#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef sender_methods[] = {
    {"send", WITH_KEYWORDS(sender_send), send_doc},
    {"try_send", sender_try_send, METH_O, try_send_doc},
    END_METHODS,
    {NULL, NULL, 0, NULL},
};

static PyMethodDef receiver_methods[] = {
    {"recv", WITH_KEYWORDS(receiver_recv), recv_doc},
    {"try_recv", receiver_try_recv, METH_NOARGS, try_recv_doc},
    END_METHODS,
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef end_getset[] = {
    {"capacity", end_capacity, NULL,
     PyDoc_STR("How many messages may be queued: None for any number, 0 where every send meets a recv."),
     NULL},
    {"closed", end_closed, NULL, PyDoc_STR("Whether nothing more can be sent."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef end_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(core_end, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

#define END_SLOTS                                                                                            \
    {Py_tp_dealloc, end_dealloc}, {Py_tp_repr, end_repr}, {Py_tp_hash, end_hash},                            \
        {Py_tp_richcompare, end_compare}, {Py_tp_getset, end_getset}, {Py_tp_members, end_members},          \
        {Py_sq_length, end_length},                                                                          \
    {                                                                                                        \
        Py_nb_bool, end_truth                                                                                \
    }

PyDoc_STRVAR(
    sender_doc,
    "The sending end of a channel, made by channel().\n\n"
    "Senders of the same channel are equal.  len() is how many messages are queued.  A with block closes\n"
    "the channel.  When the last sender is gone the receivers get what is queued, then ChannelClosed.");

PyDoc_STRVAR(
    receiver_doc,
    "The receiving end of a channel, made by channel().\n\n"
    "Receivers of the same channel are equal; each message goes to one of them.  Iterating receives until\n"
    "the channel is closed and empty.  len() is how many messages are queued.  A with block closes the\n"
    "channel.  When the last receiver is gone, sending raises ChannelClosed.");

static PyType_Slot sender_slots[] = {
    {Py_tp_doc, (void *)sender_doc}, {Py_tp_methods, sender_methods}, END_SLOTS, {0, NULL}};

static PyType_Slot receiver_slots[] = {{Py_tp_doc, (void *)receiver_doc},
                                       {Py_tp_methods, receiver_methods},
                                       {Py_tp_iter, PyObject_SelfIter},
                                       {Py_tp_iternext, receiver_next},
                                       END_SLOTS,
                                       {0, NULL}};

#define END_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION)

static PyType_Spec sender_spec = {"crossinterp.Sender", sizeof(core_end), 0, END_FLAGS, sender_slots};
static PyType_Spec receiver_spec = {"crossinterp.Receiver", sizeof(core_end), 0, END_FLAGS, receiver_slots};

/* ---- channel() ---- */

/* None is unbounded.  OverflowError: more than any memory holds. */
static int read_capacity(PyObject *object, size_t *out)
{
    *out = XI_UNBOUNDED;
    if (object == NULL || object == Py_None) {
        return 0;
    }
    int overflow;
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) {
        return -1;
    }
    long long capacity = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (capacity == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (overflow > 0 || capacity > PY_SSIZE_T_MAX) {
        PyErr_SetString(PyExc_OverflowError, "capacity is too large");
        return -1;
    }
    if (overflow < 0 || capacity < 0) {
        PyErr_SetString(PyExc_ValueError, "capacity must not be negative");
        return -1;
    }
    *out = (size_t)capacity;
    return 0;
}

PyDoc_STRVAR(
    channel_doc,
    "channel($module, /, capacity=None)\n--\n\n"
    "Makes a channel: (sender, receiver), for threads of this interpreter and of others.\n\n"
    "capacity is how many messages may be queued; None: any number; 0: every send waits for its recv.");

static PyObject *channel(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"capacity", NULL};
    core_state *state = core_state_of_module(module);
    PyObject *capacity = NULL;
    xi_channel_options options = {.struct_size = sizeof(options)};
    xi_sender *sender;
    xi_receiver *receiver;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:channel", keywords, &capacity) ||
        read_capacity(capacity, &options.capacity) < 0 || (options.domain = core_domain(state)) == NULL) {
        return NULL;
    }
    xi_status status = xi_channel_new(&options, &sender, &receiver);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    PyObject *sender_object = core_sender_wrap(state, sender);
    PyObject *receiver_object = core_receiver_wrap(state, receiver);
    PyObject *pair = NULL;
    if (sender_object != NULL && receiver_object != NULL) {
        pair = PyTuple_Pack(2, sender_object, receiver_object);
    }
    Py_XDECREF(sender_object);
    Py_XDECREF(receiver_object);
    return pair;
}

static PyMethodDef module_methods[] = {
    {"channel", (PyCFunction)(void (*)(void))channel, METH_VARARGS | METH_KEYWORDS, channel_doc},
    {NULL, NULL, 0, NULL},
};

int core_channel_exec(PyObject *module, core_state *state)
{
    if (core_add_type(module, &sender_spec, &state->sender_type) < 0 ||
        core_add_type(module, &receiver_spec, &state->receiver_type) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, module_methods);
}
