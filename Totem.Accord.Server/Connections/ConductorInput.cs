using System.Buffers;

namespace Totem.Accord.Server.Connections;

/// <summary>The kinds of inputs of the conductor's thread.</summary>
internal enum InputKind
{
    /// <summary>A client connected.</summary>
    Connected,

    /// <summary>Bytes of a client.</summary>
    Received,

    /// <summary>A client that was not read for its unsent answers has taken some.</summary>
    Sent,

    /// <summary>Nothing can be sent to a client any more.</summary>
    Broken,

    /// <summary>A client's connection is over.</summary>
    Disconnected,

    /// <summary>A message of the group.</summary>
    Message,

    /// <summary>A change of the group.</summary>
    Change,

    /// <summary>Some members of the group do not come along.</summary>
    Transitional,

    /// <summary>Bytes of the state that this conductor lacks.</summary>
    Transferred,

    /// <summary>The transfer broke off.</summary>
    TransferLost,

    /// <summary>Something to do on the conductor's thread.</summary>
    Call,
}

/// <summary>One input of the conductor's thread.</summary>
internal readonly record struct ConductorInput(InputKind Kind)
{
    /// <summary>The client.</summary>
    public ClientConnection? Connection { get; init; }

    /// <summary>A client's bytes.</summary>
    public ReadOnlySequence<byte> Received { get; init; }

    /// <summary>A message, or a part of the state; rented.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>How many of them.</summary>
    public int Length { get; init; }

    /// <summary>The conductor that sent it.</summary>
    public ProcessorId Sender { get; init; }

    /// <summary>The new membership.</summary>
    public GroupChange? Change { get; init; }

    /// <summary>The thing to do; or what waits until bytes were taken.</summary>
    public Action? Action { get; init; }
}

/// <summary>Takes inputs to the conductor's thread, from any thread.</summary>
internal interface IConductorInbox
{
    /// <summary>Puts an input behind all others.</summary>
    void Post(in ConductorInput input);
}
