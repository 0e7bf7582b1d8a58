using System.Diagnostics.CodeAnalysis;

namespace Totem.Core.Diagnostics;

/// <summary>Thrown when the engine contradicts itself: the host stops this processor and the ring
/// reforms without it.</summary>
public sealed class InvariantException : Exception
{
    /// <summary>Creates the exception; the text says what should have held.</summary>
    public InvariantException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public InvariantException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public InvariantException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>
/// Assertions that stay on in release builds. They turn a wrong order, which nobody would notice, into a lost
/// processor, which the protocol is built to survive. Never used on a peer's bytes.
/// </summary>
internal static class Invariant
{
    /// <summary>Stops the processor unless the condition holds.</summary>
    public static void That([DoesNotReturnIf(false)] bool condition, string whatMustHold)
    {
        if (!condition)
            Throw(whatMustHold);
    }

    [DoesNotReturn]
    private static void Throw(string whatMustHold) => throw new InvariantException("Must hold: " + whatMustHold);
}
