namespace Totem;

/// <summary>A member has stopped by itself: the engine contradicted itself, stable storage failed, or the application's
/// handler threw. The others form a ring without it; it may be started again.</summary>
public sealed class RingFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public RingFailedException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public RingFailedException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the exception.</summary>
    public RingFailedException()
    {
    }
}
