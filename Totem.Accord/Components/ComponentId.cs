namespace Totem.Accord.Components;

/// <summary>
/// Names a primary component. The number grows by one with each that its members have known of. Two rings may give the
/// same number, when one of them was given up before any of its members could begin; then the later ring counts,
/// because a voter of both went through it after the other (docs/design/accord.md, "The number of a component").
/// </summary>
/// <param name="Number">64 bits: at a thousand changes a second, 580 million years.</param>
/// <param name="Ring">The ring on which it was formed.</param>
internal readonly record struct ComponentId(ulong Number, RingId Ring) : IComparable<ComponentId>
{
    /// <summary>That of a conductor which has never been in one.</summary>
    public static ComponentId None => default;

    /// <summary>True for <see cref="None"/>.</summary>
    public bool IsNone => Number == 0;

    /// <inheritdoc />
    public int CompareTo(ComponentId other)
    {
        if (Number != other.Number)
            return Number.CompareTo(other.Number);
        if (Ring.Sequence != other.Ring.Sequence)
            return RingId.IsLater(Ring.Sequence, other.Ring.Sequence) ? 1 : -1;
        return Ring.Representative.CompareTo(other.Ring.Representative);
    }

    /// <inheritdoc />
    public override string ToString() => IsNone ? "none" : $"{Number} on ring {Ring}";
}

/// <summary>
/// A conductor with the state that it has: a conductor that comes back without its disk is another one, and has no vote
/// until the others have given it one.
/// </summary>
/// <param name="Node">Its processor on the ring.</param>
/// <param name="Life">Drawn when its state began: with the directory, or in memory at each start.</param>
internal readonly record struct ConductorId(ProcessorId Node, ulong Life) : IComparable<ConductorId>
{
    /// <inheritdoc />
    public int CompareTo(ConductorId other) =>
        Node == other.Node ? Life.CompareTo(other.Life) : Node.CompareTo(other.Node);

    /// <inheritdoc />
    public override string ToString() => $"{Node} ({Life:x})";
}

/// <summary>Names a batch within its component.</summary>
/// <param name="Sender">The conductor that sent it.</param>
/// <param name="Number">Its number there.</param>
internal readonly record struct BatchName(ProcessorId Sender, ulong Number);
