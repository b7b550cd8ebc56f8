/* interpreter.c: running a function in an interpreter of its own, and reaching into it to stop it.
 *
 * A Run belongs to the interpreter that made it (the parent).  Its method run() is called on a thread of the parent: it
 * makes the interpreter (the child), which that thread then lives in until the child has ended.  No object crosses: what
 * goes in and out are values.
 *
 * stop() comes from any other thread of the parent.  It goes into the child with a thread state of its own, and the child
 * must not end while such a visitor is in it: the child closes the door under the lock, then waits, without its GIL, until
 * the visitors have left.  Nobody takes a GIL while holding the lock. */
#include "core.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct core_run {
    PyObject_HEAD PyModuleDef *definition; /* of crossinterp._core, which must be the same in the child */
    int started;
    _Atomic int64_t id;        /* of the child; -1: there never was one */
    atomic_int stopping;       /* changed under the lock */
    pthread_mutex_t lock;      /* guards the next three */
    PyInterpreterState *child; /* NULL: not there yet, or the door is closed */
    unsigned long thread;      /* the one that lives in it */
    int visitors;
    pthread_cond_t left; /* the last visitor has left */
    /* Touched by the thread that is in run(), and after it by others of the parent. */
    xi_value path, call;
    const char *kind; /* what became of it: see outcome(); NULL: nothing was reported */
    xi_value report;
} core_run;

/* ---- The door ---- */

/* 0: stopped before it began. */
static int door_open(core_run *run, PyThreadState *thread)
{
    PyInterpreterState *child = PyThreadState_GetInterpreter(thread);
    PyEval_SaveThread();
    pthread_mutex_lock(&run->lock);
    int opened = !run->stopping;
    run->id = PyInterpreterState_GetID(child);
    if (opened) {
        run->child = child;
        run->thread = PyThread_get_thread_ident();
    }
    pthread_mutex_unlock(&run->lock);
    PyEval_RestoreThread(thread);
    return opened;
}

static void door_close(core_run *run)
{
    PyThreadState *thread = PyEval_SaveThread();
    pthread_mutex_lock(&run->lock);
    run->child = NULL;
    while (run->visitors > 0) {
        pthread_cond_wait(&run->left, &run->lock);
    }
    pthread_mutex_unlock(&run->lock);
    PyEval_RestoreThread(thread);
    /* What a visitor raised too late must not end threading's own shutdown. */
    (void)PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), NULL);
}

/* ---- In the child ---- */

/* What the child's function reports to, while it runs. */
typedef struct reporter {
    core_run *run;
    core_state *state; /* of the child */
} reporter;

static const char reporter_name[] = "crossinterp.reporter";

static int report_set(core_run *run, const char *kind, xi_value *value)
{
    if (run->kind == NULL) {
        run->kind = kind;
        run->report = *value;
    } else {
        xi_value_release(value);
    }
    return 0;
}

/* report(kind, object): the first report counts.  NotShareableError: nothing was reported. */
static PyObject *report(PyObject *capsule, PyObject *args)
{
    static const char *const kinds[] = {"value", "error", "exit"};
    const char *name;
    PyObject *object;
    xi_value value = {{0}};
    reporter *to = PyCapsule_GetPointer(capsule, reporter_name);
    if (to == NULL || !PyArg_ParseTuple(args, "sO:report", &name, &object)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(name, kinds[i]) == 0) {
            if (core_value_from_object(to->state, object, 0, &value) < 0) {
                return NULL;
            }
            (void)report_set(to->run, kinds[i], &value);
            Py_RETURN_NONE;
        }
    }
    return PyErr_Format(PyExc_ValueError, "no such kind of report: %s", name);
}

static PyMethodDef report_method = {"report", report, METH_VARARGS, NULL};

static PyObject *text_object(const xi_value *value)
{
    xi_text text;
    xi_status status = xi_value_as_text(value, &text);
    Py_ssize_t len = status == XI_OK ? (Py_ssize_t)text.len : 0;
    if (status != XI_OK) {
        PyErr_SetString(PyExc_TypeError, xi_status_name(status));
        return NULL;
    }
    switch (text.form) {
    case XI_TEXT_UTF8:
        return PyUnicode_DecodeUTF8(text.units, len, "strict");
    case XI_TEXT_UCS2:
        return PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, text.units, len);
    case XI_TEXT_UCS4:
        return PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, text.units, len);
    default:
        return PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, text.units, len);
    }
}

/* By hand, because our module is found only when the path is there. */
static int path_set(core_run *run)
{
    const xi_value *items;
    size_t len;
    if (xi_value_items(&run->path, &items, &len) != XI_OK) {
        PyErr_SetString(PyExc_TypeError, "the path is not a list");
        return -1;
    }
    PyObject *path = PyList_New((Py_ssize_t)len);
    for (size_t i = 0; path != NULL && i < len; i++) {
        PyObject *item = text_object(&items[i]);
        if (item == NULL) {
            Py_CLEAR(path);
        } else {
            PyList_SET_ITEM(path, (Py_ssize_t)i, item);
        }
    }
    int result = path == NULL ? -1 : PySys_SetObject("path", path);
    Py_XDECREF(path);
    return result;
}

/* crossinterp._worker.main(call, report) */
static int main_call(core_run *run, core_state *state)
{
    int result = -1;
    reporter to = {.run = run, .state = state};
    PyObject *capsule = NULL, *function = NULL, *call = NULL, *answer = NULL;
    PyObject *worker = PyImport_ImportModule("crossinterp._worker");
    if (worker == NULL || (capsule = PyCapsule_New(&to, reporter_name, NULL)) == NULL ||
        (function = PyCFunction_New(&report_method, capsule)) == NULL ||
        (call = core_object_from_value(state, &run->call)) == NULL) {
        goto done;
    }
    xi_value_release(&run->call);
    if (atomic_load(&run->stopping)) {
        /* Whoever stopped it may have come too early for the worker.  Visitors that come later find it. */
        PyErr_SetNone(PyExc_SystemExit);
        goto done;
    }
    answer = PyObject_CallMethod(worker, "main", "OO", call, function);
    result = answer == NULL ? -1 : 0;
done:
    if (capsule != NULL) {
        /* Whoever still has the function cannot report any more. */
        (void)PyCapsule_SetName(capsule, NULL);
    }
    Py_XDECREF(answer);
    Py_XDECREF(call);
    Py_XDECREF(function);
    Py_XDECREF(capsule);
    Py_XDECREF(worker);
    return result;
}

static int child_main(core_run *run)
{
    if (path_set(run) < 0) {
        return -1;
    }
    PyObject *module = PyImport_ImportModule("crossinterp._core");
    if (module == NULL) {
        return -1;
    }
    int result = -1;
    if (!PyModule_Check(module) || PyModule_GetDef(module) != run->definition) {
        PyErr_SetString(PyExc_ImportError, "another copy of crossinterp was found in the new interpreter");
    } else {
        result = main_call(run, core_state_of_module(module));
    }
    Py_DECREF(module);
    return result;
}

/* What ended the child outside of the function that it was to call, as a line of text. */
static void report_raised(core_run *run)
{
    xi_value value = {{0}};
    const char *text = NULL;
    Py_ssize_t len = 0;
    PyObject *raised = PyErr_GetRaisedException();
    PyObject *line = PyUnicode_FromFormat("%s: %S", Py_TYPE(raised)->tp_name, raised);
    if (line != NULL) {
        text = PyUnicode_AsUTF8AndSize(line, &len);
    }
    if (text == NULL) {
        PyErr_Clear();
        text = Py_TYPE(raised)->tp_name;
        len = (Py_ssize_t)strlen(text);
    }
    if (xi_value_text(XI_TEXT_UTF8, text, (size_t)len, &value) != XI_OK) {
        value = xi_value_none();
    }
    (void)report_set(run, "failed", &value);
    Py_XDECREF(line);
    Py_DECREF(raised);
}

static void child_run(core_run *run, PyThreadState *thread)
{
    if (!door_open(run, thread)) {
        return;
    }
    if (child_main(run) < 0) {
        if (PyErr_ExceptionMatches(PyExc_SystemExit)) {
            PyErr_Clear();
        } else {
            report_raised(run);
        }
    }
    door_close(run);
}

/* ---- The methods of a Run ---- */

static PyObject *run_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *path, *call;
    PyObject *module = PyType_GetModule(type);
    core_state *state = core_state_of_type(type);
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0) {
        PyErr_SetString(PyExc_TypeError, "Run() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OO:Run", &path, &call)) {
        return NULL;
    }
    core_run *run = (core_run *)type->tp_alloc(type, 0);
    if (run == NULL) {
        return NULL;
    }
    run->definition = PyModule_GetDef(module);
    atomic_init(&run->id, -1);
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->left, NULL);
    if (core_value_from_object(state, path, 0, &run->path) < 0 ||
        core_value_from_object(state, call, 0, &run->call) < 0) {
        Py_DECREF(run);
        return NULL;
    }
    return (PyObject *)run;
}

/* Nobody is in run() or stop(): they hold a reference. */
static void run_dealloc(PyObject *self)
{
    core_run *run = (core_run *)self;
    PyTypeObject *type = Py_TYPE(self);
    xi_value_release(&run->path);
    xi_value_release(&run->call);
    xi_value_release(&run->report);
    pthread_cond_destroy(&run->left);
    pthread_mutex_destroy(&run->lock);
    type->tp_free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(run_doc,
             "run($self, /)\n--\n\n"
             "Makes the interpreter, calls the function in it, and ends it, all on this thread.  Once only.");

static PyObject *run_run(PyObject *self, PyObject *unused)
{
    core_run *run = (core_run *)self;
    PyInterpreterConfig config = {
        .use_main_obmalloc = 0,
        .allow_fork = 0,
        .allow_exec = 0,
        .allow_threads = 1,
        .allow_daemon_threads = 0,
        .check_multi_interp_extensions = 1,
        .gil = PyInterpreterConfig_OWN_GIL,
    };
    if (run->started) {
        PyErr_SetString(PyExc_RuntimeError, "a Run runs only once");
        return NULL;
    }
    run->started = 1;
    PyThreadState *parent = PyThreadState_Get();
    PyThreadState *child = NULL;
    PyStatus status = Py_NewInterpreterFromConfig(&child, &config);
    if (PyStatus_Exception(status)) {
        return PyErr_Format(PyExc_RuntimeError, "no new interpreter: %s",
                            status.err_msg != NULL ? status.err_msg : "unknown error");
    }
    child_run(run, child);
    Py_EndInterpreter(child);
    (void)PyThreadState_Swap(parent);
    /* This thread is to go on, even where its own interpreter is being stopped: it is about to end anyway. */
    (void)PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), NULL);
    xi_value_release(&run->path);
    xi_value_release(&run->call);
    Py_RETURN_NONE;
}

/* Attached to the child: SystemExit for its threads, and no more waiting.  A child that has not come as far as the worker
 * is left alone: it looks whether it was stopped when it has, and SystemExit in the middle of its imports would leave open
 * files behind. */
static void visit(unsigned long thread)
{
    PyObject *name = PyUnicode_FromString("crossinterp._worker");
    PyObject *worker = name == NULL ? NULL : PyImport_GetModule(name);
    PyObject *answer = worker == NULL ? NULL : PyObject_CallMethod(worker, "stop_threads", "k", thread);
    if (answer == NULL) {
        PyErr_Clear();
        if (worker != NULL) {
            (void)PyThreadState_SetAsyncExc(thread, PyExc_SystemExit);
        }
    }
    Py_XDECREF(answer);
    Py_XDECREF(worker);
    Py_XDECREF(name);
    core_domain_end_waits();
}

PyDoc_STRVAR(
    stop_doc,
    "stop($self, /)\n--\n\n"
    "Ends the waits of the interpreter and raises SystemExit in its threads.  Does not wait for it to end,\n"
    "but for its GIL.  Before run() it keeps the function from being called; after, it does nothing.");

static PyObject *run_stop(PyObject *self, PyObject *unused)
{
    core_run *run = (core_run *)self;
    int failed = 0;
    PyThreadState *thread = PyEval_SaveThread();
    pthread_mutex_lock(&run->lock);
    PyInterpreterState *child = run->child;
    run->stopping = 1;
    run->visitors += child != NULL;
    pthread_mutex_unlock(&run->lock);
    if (child != NULL) {
        PyThreadState *visitor = PyThreadState_New(child);
        if (visitor == NULL) {
            failed = 1;
        } else {
            PyEval_RestoreThread(visitor);
            visit(run->thread);
            PyThreadState_Clear(visitor);
            PyThreadState_DeleteCurrent();
        }
        pthread_mutex_lock(&run->lock);
        run->visitors -= 1;
        if (run->visitors == 0) {
            pthread_cond_signal(&run->left);
        }
        pthread_mutex_unlock(&run->lock);
    }
    PyEval_RestoreThread(thread);
    if (failed) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    outcome_doc,
    "outcome($self, /)\n--\n\n"
    "What became of it, after run(), as (kind, object): 'value', what the function returned; 'error', what\n"
    "describes its exception; 'exit', it raised SystemExit; 'failed', a line that says why the function "
    "could\n"
    "not be called; (None, None), it was stopped before there was anything to report.");

static PyObject *run_outcome(PyObject *self, PyObject *unused)
{
    core_run *run = (core_run *)self;
    if (run->kind == NULL) {
        return PyTuple_Pack(2, Py_None, Py_None);
    }
    PyObject *object = core_object_from_value(core_state_of_type(Py_TYPE(self)), &run->report);
    if (object == NULL) {
        return NULL;
    }
    return Py_BuildValue("(sN)", run->kind, object);
}

static PyObject *run_id(PyObject *self, void *closure)
{
    int64_t id = ((core_run *)self)->id;
    if (id < 0) {
        Py_RETURN_NONE;
    }
    return PyLong_FromLongLong(id);
}

static PyObject *run_stopping(PyObject *self, void *closure)
{
    return PyBool_FromLong(((core_run *)self)->stopping);
}

static PyMethodDef run_methods[] = {
    {"run", run_run, METH_NOARGS, run_doc},
    {"stop", run_stop, METH_NOARGS, stop_doc},
    {"outcome", run_outcome, METH_NOARGS, outcome_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef run_getset[] = {
    {"id", run_id, NULL, PyDoc_STR("The number of the interpreter; None before it is made."), NULL},
    {"stopping", run_stopping, NULL, PyDoc_STR("Whether stop() was called."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(
    type_doc,
    "Run(path, call, /)\n--\n\n"
    "One call of crossinterp._worker.main(call, ...) in an interpreter of its own, whose sys.path is\n"
    "path.  crossinterp.Interpreter is what to use.");

static PyType_Slot run_slots[] = {
    {Py_tp_doc, (void *)type_doc}, {Py_tp_new, run_new},       {Py_tp_dealloc, run_dealloc},
    {Py_tp_methods, run_methods},  {Py_tp_getset, run_getset}, {0, NULL},
};

static PyType_Spec run_spec = {"crossinterp._core.Run", sizeof(core_run), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, run_slots};

/* ---- What the Python side needs in the child ---- */

PyDoc_STRVAR(exit_thread_doc,
             "_exit_thread($module, ident, /)\n--\n\n"
             "Raises SystemExit in a thread of this interpreter as soon as it runs Python code.");

static PyObject *exit_thread(PyObject *module, PyObject *ident)
{
    unsigned long thread = PyLong_AsUnsignedLong(ident);
    if (thread == (unsigned long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyBool_FromLong(PyThreadState_SetAsyncExc(thread, PyExc_SystemExit));
}

PyDoc_STRVAR(
    threads_doc,
    "_threads($module, /)\n--\n\n"
    "The idents of the threads of this interpreter, each as often as it has a thread state here; 0 for those "
    "that\n"
    "have not begun.  sys._current_frames() has the frames of all interpreters, up to CPython 3.13.");

/* States are removed with the GIL held only.  New ones are put at the head of the list. */
static PyObject *threads(PyObject *module, PyObject *unused)
{
    PyObject *list = PyList_New(0);
    PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; list != NULL && thread != NULL; thread = PyThreadState_Next(thread)) {
        PyObject *ident = PyLong_FromUnsignedLong(thread->thread_id);
        if (ident == NULL || PyList_Append(list, ident) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(ident);
    }
    return list;
}

static PyMethodDef module_methods[] = {
    {"_threads", threads, METH_NOARGS, threads_doc},
    {"_exit_thread", exit_thread, METH_O, exit_thread_doc},
    {NULL, NULL, 0, NULL},
};

int core_interpreter_exec(PyObject *module, core_state *state)
{
    if (core_add_type(module, &run_spec, &state->run_type) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, module_methods);
}
