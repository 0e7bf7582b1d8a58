namespace Totem;

/// <summary>The sockets of a member cannot be opened. The message names the address and what the system said.</summary>
public sealed class TransportException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TransportException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public TransportException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the exception.</summary>
    public TransportException()
    {
    }
}
