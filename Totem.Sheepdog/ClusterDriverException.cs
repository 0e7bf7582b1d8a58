using Totem.Transport.Udp.Corosync;

namespace Totem.Sheepdog;

/// <summary>A driver cannot be chosen or started; the message is for the operator and says what was expected.</summary>
public sealed class ClusterDriverException : Exception
{
    /// <summary>Without a message.</summary>
    public ClusterDriverException()
    {
    }

    /// <summary>With what was expected.</summary>
    public ClusterDriverException(string message)
        : base(message)
    {
    }

    /// <summary>With what was expected and what the system said.</summary>
    public ClusterDriverException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A text that a person wrote is wrong, an option or a configuration file, rather than the
    /// machine.</summary>
    public bool IsConfiguration => InnerException is null or CorosyncConfException or ArgumentException;
}
