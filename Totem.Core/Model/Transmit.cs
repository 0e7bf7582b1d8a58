namespace Totem.Core.Model;

/// <summary>Where a datagram goes.</summary>
/// <param name="Destination">The processor it is for; nobody means all: every configured processor but the sender
/// itself. A ring of one sends tokens to itself: the host must hand them back through the socket or a queue.</param>
/// <param name="LengthBytes">How many bytes of the caller's buffer were written.</param>
public readonly record struct Transmit(ProcessorId Destination, int LengthBytes)
{
    /// <summary>True when the datagram is for everybody.</summary>
    public bool IsMulticast => Destination.IsNone;
}
