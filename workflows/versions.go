package workflows

// Changes of workflow code that runs may be in the middle of are listed here: one constant (the change id) and one
// function over workflow.GetVersion per change, with its date, its reason, and when it may be removed (once no run that
// began before it is open or within the namespace's retention). There is none yet.
