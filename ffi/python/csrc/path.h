/* path.h: where in an object a walk stands, and the errors that say so. */
#ifndef CROSSINTERP_PATH_H
#define CROSSINTERP_PATH_H

#include "core.h"

enum {
    CORE_STEP_ITEM,  /* item [index] of a list or tuple */
    CORE_STEP_KEY,   /* a key of a dict: .keys()[index] */
    CORE_STEP_VALUE, /* the value of a key: [key] */
    CORE_STEP_PART   /* a part of something that is sent as a record: .parts[index] */
};

/* One container on the way from the root to the object in hand.  Steps live on the C stack of the walk. */
typedef struct core_step {
    const struct core_step *up; /* NULL: the container is the root */
    PyObject *container;        /* borrowed */
    PyObject *key;              /* of CORE_STEP_VALUE, borrowed */
    Py_ssize_t index;
    int kind;
    int held; /* how many references the walk itself has to the objects that it meets here */
} core_step;

/* All three set NotShareableError and return -1.  verb: "send" or "freeze".  here: the step that leads to the object. */

/* The object is of a type that cannot be sent. */
int core_path_refuse(core_state *state, const char *verb, const core_step *here, PyObject *object);
/* The object here is hashable for Python, but not in a map of ours. */
int core_path_refuse_key(core_state *state, const char *verb, const core_step *here, PyObject *object);
/* The object here is one of the containers on the way to it. */
int core_path_refuse_cycle(core_state *state, const char *verb, const core_step *here, PyObject *object);

#endif /* CROSSINTERP_PATH_H */
