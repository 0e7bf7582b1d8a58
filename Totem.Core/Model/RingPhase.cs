namespace Totem.Core.Model;

/// <summary>The states of a processor (TOCS95, the membership protocol).</summary>
public enum RingPhase
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>Looking for others and agreeing on a membership.</summary>
    Gather,

    /// <summary>The commit token is on its way.</summary>
    Commit,

    /// <summary>Exchanging messages of the old ring.</summary>
    Recovery,

    /// <summary>On a ring, ordering messages.</summary>
    Operational,

    /// <summary>Left for good, or stopped by a broken invariant.</summary>
    Left,
}
