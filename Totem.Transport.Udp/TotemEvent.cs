namespace Totem;

/// <summary>The kinds of <see cref="TotemEvent"/>.</summary>
public enum TotemEventKind
{
    /// <summary>A message.</summary>
    Message,

    /// <summary>A regular configuration begins.</summary>
    Change,

    /// <summary>Some members did not come along to the next configuration; until the next <see cref="Change"/>,
    /// messages reach only those that <see cref="TotemEvent.Change"/> names.</summary>
    Transitional,
}

/// <summary>One element of the ordered stream: a message or a configuration change. Immutable, and
/// owned by whoever reads it.</summary>
/// <param name="Change">A configuration change, or null for a message.</param>
/// <param name="Sender">The member that sent the message; nobody for a change.</param>
/// <param name="Ring">The ring the message was sent on; that of the configuration for a change.</param>
/// <param name="Guarantee">The guarantee that its sender asked for.</param>
/// <param name="Payload">Its bytes: a copy, made on the reader's thread.</param>
/// <param name="Seq">The number of the frame that completed the message; several messages may share one.</param>
/// <param name="Index">The message's place in that frame: (ring, seq, index) names a message, at
/// every member alike.</param>
public sealed record TotemEvent(
    ConfigurationChange? Change,
    ProcessorId Sender,
    RingId Ring,
    Guarantee Guarantee,
    ReadOnlyMemory<byte> Payload,
    Seq Seq = default,
    int Index = 0)
{
    /// <summary>Of a regular configuration: the record of why it came about; null for anything else, and for a change
    /// that is more than 64 changes old.</summary>
    public ChangeRecord? Why { get; init; }

    /// <summary>Its kind.</summary>
    public TotemEventKind Kind => Change switch
    {
        null => TotemEventKind.Message,
        { Configuration.Kind: ConfigurationKind.Transitional } => TotemEventKind.Transitional,
        _ => TotemEventKind.Change,
    };

    /// <summary>True for a message.</summary>
    public bool IsMessage => Change is null;
}

/// <summary>
/// Takes each element of the ordered stream on the ring's own thread, without a copy. The token waits meanwhile, so it
/// must be quick and must not block; it may call <see cref="TotemNode.TryMulticast"/>. An exception that it throws
/// stops the member.
/// </summary>
/// <param name="delivery">Valid during the call only.</param>
public delegate void DeliveryHandler(in Delivery delivery);
