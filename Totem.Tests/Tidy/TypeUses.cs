using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Totem.Tests.Tidy;

/// <summary>A place in a file that names a type of another file of the same project.</summary>
internal sealed record TypeUse(string File, int Line, string Type, string DeclaredIn);

/// <summary>
/// The uses of a project's own types, as the compiler resolves them: two types of one name are told apart, and a
/// property that is called like a type is no use of it. Comments and <c>nameof</c> do not count: they name, they do not
/// use.
/// </summary>
internal static class TypeUses
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview);

    /// <summary>Of a project of this repository.</summary>
    public static IReadOnlyList<TypeUse> OfProject(string project) => Of(
        project,
        [.. Repository.SourceFiles.Where(x => x.StartsWith($"{project}/", StringComparison.Ordinal))
            .Select(x => (x, Repository.Read(x)))]);

    /// <summary>Of files that need not exist.</summary>
    public static IReadOnlyList<TypeUse> Of(string project, IReadOnlyList<(string Path, string Text)> files)
    {
        var trees = files.Select(x => CSharpSyntaxTree.ParseText(SourceText.From(x.Text), Parsing, x.Path)).ToList();
        foreach (var tree in trees)
            Assert.DoesNotContain(tree.GetDiagnostics(), x => x.Severity == DiagnosticSeverity.Error);
        var compilation = CSharpCompilation.Create(
            project, [.. trees, CSharpSyntaxTree.ParseText(ImplicitUsings, Parsing)], References(project),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return [.. trees.SelectMany(tree => Of(tree, compilation.GetSemanticModel(tree)))];
    }

    private static IEnumerable<TypeUse> Of(SyntaxTree tree, SemanticModel model)
    {
        foreach (var name in tree.GetRoot().DescendantNodes(x => !IsNameOf(x)).OfType<SimpleNameSyntax>())
        {
            if (name is IdentifierNameSyntax { IsVar: true } || Named(model.GetSymbolInfo(name)) is not { } type)
                continue;
            var declared = type.OriginalDefinition.DeclaringSyntaxReferences.Select(x => x.SyntaxTree.FilePath)
                .ToList();
            if (declared.Count > 0 && !declared.Contains(tree.FilePath, StringComparer.Ordinal))
                yield return new TypeUse(
                    tree.FilePath, name.GetLocation().GetLineSpan().StartLinePosition.Line + 1, type.Name, declared[0]);
        }
    }

    private static bool IsNameOf(SyntaxNode node) =>
        node is InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.ValueText: "nameof" } };

    /// <summary>The type itself, or that of an extension, an attribute or a static member.</summary>
    private static INamedTypeSymbol? Named(SymbolInfo info) =>
        (info.Symbol ?? info.CandidateSymbols.FirstOrDefault()) switch
    {
        INamedTypeSymbol type => type,
        IMethodSymbol { ReducedFrom: { } extension } => extension.ContainingType,
        IMethodSymbol { MethodKind: MethodKind.Constructor } made => made.ContainingType,
        { IsStatic: true, ContainingType: { } holder } => holder,
        _ => null,
    };

    /// <summary>The assemblies that the tests themselves run with, without the project as it was built.</summary>
    private static IEnumerable<MetadataReference> References(string project) =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(x => Path.GetFileNameWithoutExtension(x) is var name && name != project && name != "totem"
                && name != "Totem.Tests")
            .Select(x => MetadataReference.CreateFromFile(x));
}
