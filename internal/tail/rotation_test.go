package tail

import "testing"

func TestRotation(t *testing.T) { runScenario(t, "rotation") }

func TestRotationInTheMiddleOfALine(t *testing.T) { runScenario(t, "rotation_open") }

func TestSeveralRotationsBetweenLooks(t *testing.T) { runScenario(t, "rotation_many") }

func TestRotationWhileDown(t *testing.T) { runScenario(t, "rotation_down") }

func TestRenameBack(t *testing.T) { runScenario(t, "rotation_back") }

func TestRotationOfTheLiveFileOnly(t *testing.T) { runScenario(t, "rotation_only_live") }

func TestRotatedBeforeTheFirstLook(t *testing.T) { runScenario(t, "rotation_unseen") }

func TestEmptySuccessor(t *testing.T) { runScenario(t, "rotation_empty") }

func TestRenamedToTheNameOfAnotherLog(t *testing.T) { runScenario(t, "rotation_elsewhere") }

func TestLogThatChangesWhileItIsClosed(t *testing.T) { runScenario(t, "closing") }
