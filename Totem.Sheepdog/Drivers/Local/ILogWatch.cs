namespace Totem.Sheepdog.Drivers.Local;

/// <summary>Looks at the order that a session reads.</summary>
internal interface ILogWatch
{
    /// <summary>The link count of the file has changed, perhaps to nothing.</summary>
    bool HasAttributesChanged { get; }

    /// <summary>From here on it is this file. Entries appended before are to be read without waiting.</summary>
    /// <returns>False when it is gone.</returns>
    bool Follow(string path);
}
